"""Products with matrices of narrow bands, as resampling has them, that skip what is zero."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def bands(weights: np.ndarray) -> np.ndarray:
    """From where to where each row of ``weights`` (m, n) is not zero, (m, 2) int64."""
    found = np.zeros((len(weights), 2), np.int64)
    for row in range(len(weights)):
        columns = np.flatnonzero(weights[row])
        if len(columns):
            found[row] = columns[0], columns[-1] + 1
    return found


@njit(cache=True, nogil=True, fastmath={"contract"})
def resample_lines(lines: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each of ``lines`` (k, n) times ``weights`` (m, n), (k, m), and which lines are not zero."""
    out = np.zeros((len(lines), len(weights)), lines.dtype)
    used = np.zeros(len(lines), np.bool_)
    columns = np.ascontiguousarray(weights.T)
    band = bands(columns)
    for i in range(len(lines)):
        line = lines[i]
        for x in range(len(line)):
            value = line[x]
            if value != 0:
                used[i] = True
                for row in range(band[x, 0], band[x, 1]):
                    out[i, row] += columns[x, row] * value
    return out, used


@njit(cache=True, nogil=True, fastmath={"contract"})
def add_lines(
    total: np.ndarray, lines: np.ndarray, used: np.ndarray, along_z: np.ndarray, along_y: np.ndarray
) -> None:
    """Add to ``total`` (c, k, m, x) the ``lines`` (c, z, y, x) times weights (k, z) and (m, y).

    Lines that are not ``used`` (c, z, y) are zero. One plane at a time, which stays in the cache.
    """
    columns = np.ascontiguousarray(along_z.T)
    band_y, band_z = bands(along_y), bands(columns)
    plane = np.empty((len(along_y), lines.shape[3]), lines.dtype)
    for channel in range(len(lines)):
        for z in range(len(columns)):
            if used[channel, z].any():
                _plane(lines[channel, z], used[channel, z], along_y, band_y, plane)
                for row in range(band_z[z, 0], band_z[z, 1]):
                    weight = columns[z, row]
                    for y in range(len(plane)):
                        for x in range(plane.shape[1]):
                            total[channel, row, y, x] += weight * plane[y, x]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _plane(lines, used, weights, band, out) -> None:
    """What the ``lines`` (y, x) of a plane are, times ``weights`` (m, y), in ``out`` (m, x)."""
    out[:] = 0
    for row in range(len(weights)):
        for y in range(band[row, 0], band[row, 1]):
            if used[y]:
                for x in range(out.shape[1]):
                    out[row, x] += weights[row, y] * lines[y, x]
