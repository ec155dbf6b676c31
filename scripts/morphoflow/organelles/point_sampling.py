"""A few of many random points on a surface, spread evenly over it."""

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

# Exponent, and limits of the weight: Yuksel 2015, sections 3.1 and 3.2.
ALPHA, BETA, GAMMA = 8, 0.65, 1.5


def farthest(points: np.ndarray, number: int) -> np.ndarray:
    """The rows (number,) of ``points`` (m, 3): the first, then always the farthest from all chosen.

    Farthest point sampling: Eldar et al., IEEE Transactions on Image Processing 6, 1997.
    """
    x, y, z = np.ascontiguousarray(points.T, dtype=np.float32)
    return _farthest(x, y, z, number)


def blue_noise(points: np.ndarray, number: int, area: float) -> np.ndarray:
    """The rows (number,) of ``points`` (m, 3) that remain when the most crowded ones are removed.

    Sample elimination: Yuksel, Computer Graphics Forum 34, 2015. ``area`` is that of the surface,
    in the points' unit squared, and gives the distance within which points crowd each other.
    """
    reach = 2 * np.sqrt(area / (2 * np.sqrt(3) * number))
    least = reach * (1 - (number / len(points)) ** GAMMA) * BETA
    pairs = cKDTree(points).query_pairs(reach, output_type="ndarray")
    distance = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    weight = (1 - np.maximum(distance, least) / reach) ** ALPHA
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.argsort(both[:, 0], kind="stable")
    start = np.searchsorted(both[order, 0], np.arange(len(points) + 1))
    kept = _eliminate(start, both[order, 1], np.tile(weight, 2)[order], number)
    return np.flatnonzero(kept)


@njit(cache=True, nogil=True)
def _farthest(x, y, z, number):
    chosen = np.empty(number, np.int64)
    nearest = np.full(len(x), np.float32(np.inf))
    # Bits of floats that are not negative have their order; only a maximum of integers is fast.
    bits = nearest.view(np.int32)
    row = 0
    for i in range(number):
        chosen[i] = row
        cx, cy, cz = x[row], y[row], z[row]
        largest = np.int32(0)
        for j in range(len(x)):
            dx, dy, dz = x[j] - cx, y[j] - cy, z[j] - cz
            square = dx * dx + dy * dy + dz * dz
            nearest[j] = square if square < nearest[j] else nearest[j]
        for j in range(len(x)):
            largest = max(largest, bits[j])
        row = 0
        while bits[row] != largest:
            row += 1
    return chosen


@njit(cache=True, nogil=True)
def _eliminate(start, neighbour, weight, number):
    """Which points (m,) remain when the one of the largest sum of weights goes, again and again."""
    n = len(start) - 1
    total = np.zeros(n)
    for row in range(n):
        total[row] = weight[start[row] : start[row + 1]].sum()
    heap, place = np.arange(n), np.arange(n)
    for position in range(n // 2, -1, -1):
        _sink(heap, place, total, position, n)
    kept = np.ones(n, np.bool_)
    for size in range(n - 1, number - 1, -1):
        row = heap[0]
        kept[row] = False
        heap[0] = heap[size]
        place[heap[0]] = 0
        _sink(heap, place, total, 0, size)
        for k in range(start[row], start[row + 1]):
            other = neighbour[k]
            if kept[other]:
                total[other] -= weight[k]
                _sink(heap, place, total, place[other], size)
    return kept


@njit(cache=True, nogil=True)
def _sink(heap, place, total, position, size):
    """Move an entry of the heap, whose largest total is on top, below all larger ones."""
    row = heap[position]
    while 2 * position + 1 < size:
        child = 2 * position + 1
        if child + 1 < size and total[heap[child + 1]] > total[heap[child]]:
            child += 1
        if total[heap[child]] <= total[row]:
            break
        heap[position] = heap[child]
        place[heap[position]] = position
        position = child
    heap[position] = row
    place[row] = position
