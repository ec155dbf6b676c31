"""Points grouped by average linkage, up to a distance and a number of groups."""

import numpy as np
from numba import njit

# Added to the distance of what should stay apart; float32 coordinates are never as far apart.
FAR = 1e45


@njit(cache=True, nogil=True)
def group_points(
    points: np.ndarray, ends: np.ndarray, distance: float, most_groups: int
) -> tuple[np.ndarray, int]:
    """Group ``points`` (n, 3): labels (n,) int64, by the first member of each, and their number.

    The two groups whose points have the least mean distance are joined while it is at most
    ``distance`` or there are more groups than ``most_groups`` (from 1): average linkage (Sokal and
    Michener, Univ. Kansas Sci. Bull. 38, 1958), ties in the order of the points. Points at which
    ``ends`` (n,) bool is set are joined with others only where there are too many groups.
    """
    n, n_ends = len(points), ends.sum()
    if n == 1:
        return np.zeros(1, np.int64), 1
    label, k = _linked(points[~ends], ends[~ends], distance, n)
    if k + n_ends > most_groups:
        return _linked(points, ends, distance, most_groups)
    group, found, ended = np.empty(n, np.int64), 0, k
    for i in range(n):
        if ends[i]:
            group[i], ended = ended, ended + 1
        else:
            group[i], found = label[found], found + 1
    return _by_first_member(group), k + n_ends


@njit(cache=True, nogil=True)
def _linked(
    points: np.ndarray, ends: np.ndarray, distance: float, most_groups: int
) -> tuple[np.ndarray, int]:
    """The groups of :func:`group_points` from the distances of all pairs."""
    n = len(points)
    if n < 2 or (not ends.any() and _within_ball(points, distance / 2)):
        return np.zeros(n, np.int64), min(n, 1)
    height, first, second = _merges(_distances(points, ends))
    group, left = np.arange(n), n
    for merge in np.argsort(height, kind="mergesort"):
        if height[merge] > distance and left <= most_groups:
            break
        kept, gone = group[first[merge]], group[second[merge]]
        group[group == gone] = kept
        left -= 1
    return _by_first_member(group), left


@njit(cache=True, nogil=True)
def _within_ball(points: np.ndarray, radius: float) -> bool:
    """Whether all are near the first one, so that no two are farther apart than twice that."""
    for i in range(1, len(points)):
        squared = 0.0
        for axis in range(3):
            squared += (points[i, axis] - points[0, axis]) ** 2
        if squared > radius**2:
            return False
    return True


@njit(cache=True, nogil=True)
def _distances(points: np.ndarray, ends: np.ndarray) -> np.ndarray:
    n = len(points)
    between = np.empty((n, n))
    for i in range(n):
        for j in range(i, n):
            squared = 0.0
            for axis in range(3):
                squared += (points[i, axis] - points[j, axis]) ** 2
            apart = FAR if ends[i] or ends[j] else 0.0
            between[i, j] = between[j, i] = np.sqrt(squared) + apart
    return between


@njit(cache=True, nogil=True)
def _merges(between: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All merges of average linkage: the height of each, and a point of either group (n - 1,).

    Chains of nearest neighbours find them in an order of their own, in time that grows with the
    square of the number of points (Murtagh, Computer Journal 26, 1983). ``between`` is used up.
    """
    n = len(between)
    height, first, second = np.empty(n - 1), np.empty(n - 1, np.int64), np.empty(n - 1, np.int64)
    size, chain, length = np.ones(n), np.empty(n, np.int64), 0
    for merge in range(n - 1):
        if length == 0:
            chain[0], length = np.argmax(size > 0), 1
        while True:
            i = chain[length - 1]
            # The one before in the chain is taken where several are nearest, so that it ends.
            j = chain[length - 2] if length > 1 else -1
            least = between[i, j] if length > 1 else np.inf
            for k in range(n):
                if size[k] > 0 and k != i and between[i, k] < least:
                    j, least = k, between[i, k]
            if length > 1 and j == chain[length - 2]:
                break
            chain[length] = j
            length += 1
        length -= 2
        height[merge], first[merge], second[merge] = least, i, j
        share = size[i] / (size[i] + size[j])
        for k in range(n):
            if size[k] > 0 and k != i and k != j:
                mean = share * between[i, k] + (1 - share) * between[j, k]
                between[i, k] = between[k, i] = mean
        size[i], size[j] = size[i] + size[j], 0
    return height, first, second


@njit(cache=True, nogil=True)
def _by_first_member(group: np.ndarray) -> np.ndarray:
    """The groups numbered from 0 in the order in which they appear."""
    number, label, found = np.full(len(group), -1), np.empty(len(group), np.int64), 0
    for i in range(len(group)):
        if number[group[i]] < 0:
            number[group[i]] = found
            found += 1
        label[i] = number[group[i]]
    return label
