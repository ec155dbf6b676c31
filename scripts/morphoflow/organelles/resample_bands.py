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
def add_planes(planes: np.ndarray, used: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """Add to ``out`` (k, m, x) each plane (n, x) of ``planes`` (k, n, x) times ``weights`` (m, n).

    Lines that are not ``used`` (k, n) are zero.
    """
    band = bands(weights)
    for i in range(len(planes)):
        for row in range(len(weights)):
            target = out[i, row]
            for column in range(band[row, 0], band[row, 1]):
                if used[i, column]:
                    weight, line = weights[row, column], planes[i, column]
                    for x in range(len(target)):
                        target[x] += weight * line[x]
