"""Convex hulls of sets of points, and how wide they are."""

import numpy as np
from numba import njit

from morphoflow.cells.outlines import Outlines


def hulls(points: np.ndarray, owner: np.ndarray, n: int) -> Outlines:
    """The convex hull of the points (m, 2) of each of n owners, clockwise as displayed.

    Andrew's monotone chain (Information Processing Letters 9:216, 1979). Every owner has a point.
    """
    order = np.lexsort((points[:, 1], points[:, 0], owner))
    counts = np.bincount(owner, minlength=n)
    hull, sizes = _chains(points[order], np.concatenate([[0], np.cumsum(counts)]))
    return Outlines(hull, np.concatenate([[0], np.cumsum(sizes)]))


@njit(cache=True, nogil=True)
def _chains(points: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(offsets) - 1
    hull = np.empty_like(points)
    sizes = np.empty(n, dtype=np.int64)
    filled = 0
    for i in range(n):
        begin, end = offsets[i], offsets[i + 1]
        chain = np.empty((2 * (end - begin) + 1, 2))
        size = _half(points[begin:end], chain, 0)
        size = _half(points[begin:end][::-1], chain, max(size - 1, 0))
        sizes[i] = max(size - 1, 1)
        hull[filled : filled + sizes[i]] = chain[: sizes[i]]
        filled += sizes[i]
    return hull[:filled], sizes


@njit(cache=True, nogil=True)
def _half(points: np.ndarray, chain: np.ndarray, base: int) -> int:
    """Append the half of the hull that turns one way to ``chain``; return its new length."""
    size = base
    for point in points:
        while size >= base + 2 and _turn(chain[size - 2], chain[size - 1], point) <= 0:
            size -= 1
        chain[size] = point
        size += 1
    return size


@njit(cache=True, nogil=True)
def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@njit(cache=True, nogil=True)
def extents(points: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Largest and smallest width, and area of the smallest rectangle around each hull, (n, 3).

    The smallest width and rectangle have a side along an edge of the hull (Freeman and Shapira,
    Communications of the ACM 18:409, 1975).
    """
    result = np.zeros((len(offsets) - 1, 3))
    for i in range(len(result)):
        hull = points[offsets[i] : offsets[i + 1]]
        narrowest = smallest = np.inf
        for k in range(len(hull)):
            along = hull[(k + 1) % len(hull)] - hull[k]
            length = np.hypot(along[0], along[1])
            for point in hull[:k]:
                width = np.hypot(point[0] - hull[k, 0], point[1] - hull[k, 1])
                result[i, 0] = max(result[i, 0], width)
            if length > 0:
                span, height = _box(hull, along / length)
                narrowest, smallest = min(narrowest, height), min(smallest, span * height)
        if narrowest < np.inf:
            result[i, 1], result[i, 2] = narrowest, smallest
    return result


@njit(cache=True, nogil=True)
def _box(hull: np.ndarray, along: np.ndarray) -> tuple[float, float]:
    """The size of the rectangle around a hull, along a direction and across it."""
    across = np.array([-along[1], along[0]])
    u, v = hull @ along, hull @ across
    return u.max() - u.min(), v.max() - v.min()
