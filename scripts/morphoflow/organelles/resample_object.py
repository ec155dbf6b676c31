"""The first step of resampling an object, which needs no copy of its voxels: along x, as read."""

import numpy as np
from numba import njit

from morphoflow.organelles.resample_bands import bands


def holds(labels: np.ndarray, label: np.unsignedinteger) -> bool:
    """Whether ``label`` is anywhere in ``labels`` (z, y, x)."""
    return any((plane == label).any() for plane in labels)


@njit(cache=True, nogil=True, fastmath={"contract"})
def object_lines(
    labels: np.ndarray, label: int, em: np.ndarray, low, factor, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """EM within ``label`` and its mask, their lines along x times ``weights`` (m, x).

    Of ``em`` (z, y, x) is taken what is above ``low``, times ``factor``, and at most 255. Returns
    (2, z, y, m), of the weights' type, and which lines are not zero, (2, z, y).
    """
    depth, height, width = labels.shape
    out = np.zeros((2, depth, height, len(weights)), weights.dtype)
    used = np.zeros((2, depth, height), np.bool_)
    columns = np.ascontiguousarray(weights.T)
    band = bands(columns)
    number = weights.dtype.type
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if labels[z, y, x] == label:
                    used[:, z, y] = True
                    value = (number(em[z, y, x]) - low) * factor
                    value = min(max(value, number(0)), number(255))
                    for row in range(band[x, 0], band[x, 1]):
                        weight = columns[x, row]
                        out[0, z, y, row] += weight * value
                        out[1, z, y, row] += weight
    return out, used
