"""One tree from many walks: walks are one path for as long as they stay together.

From the soma outwards, the walks that share a node are grouped by their next nodes (average
linkage, up to a tolerance for each step), and each group becomes one child at the mean of its
nodes. What comes out is a tree whatever the walks, since each group has one parent; the published
way (Laturnus and Berens, ICML 2021) groups the nodes of each step anew, from the tips inwards.
"""

import numpy as np
from numba import njit

# Nodes nearer to their parent than this (um) are not made: in an SWC file of three decimals they
# would lie on it.
RESOLUTION_UM = 0.002

SOMA, DENDRITE = 1, 3

# Added to the distance of what should stay apart; float32 coordinates are never as far apart.
FAR = 1e45


def rebuild(
    x: np.ndarray, length: np.ndarray, *, tolerance: np.ndarray | float, max_children: int
) -> tuple[np.ndarray, np.ndarray]:
    """Join the walks of one neuron to a tree: nodes (N, 3) float32 in um and parents (N,) int32.

    ``x`` (walks, steps, 3) in um with the soma at the origin, of which the first node of each walk
    is taken without being read; ``length`` (walks,) from 1 to the number of steps. ``tolerance``
    (steps,), or one for all, is the distance in um up to which nodes of a step are the same;
    nodes beside the soma have at most ``max_children``. Neither the order of the walks nor how
    often each occurs matters. Walks sampled from a tree give its nodes that they visit back for
    any tolerance below the distances of siblings. Raises ValueError for walks that are not finite
    or lengths out of range.
    """
    x, length = distinct(x, length)
    limit = np.broadcast_to(np.asarray(tolerance, dtype=np.float64), x.shape[1])
    return grow(x, length, np.ascontiguousarray(limit), max_children)[:2]


def distinct(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct walks (m, steps, 3) float32 and lengths (m,) in an order of their own."""
    x, length = np.asarray(x, dtype=np.float32), np.asarray(length)
    if x.ndim != 3 or x.shape[2] != 3 or length.shape != x.shape[:1]:
        raise ValueError(
            f"walks (walks, steps, 3) and lengths have shapes {x.shape}, {length.shape}"
        )
    if len(x) == 0 or length.min() < 1 or length.max() > x.shape[1]:
        raise ValueError(f"the {len(x)} walks have lengths that are not from 1 to {x.shape[1]}")
    real = np.arange(x.shape[1])[:, None] < length[:, None, None]
    # Zeros of either sign are the same place; as bytes they would differ.
    x = np.where(real, x, np.float32(0)) + np.float32(0)
    x[:, 0] = 0
    if not np.isfinite(x).all():
        raise ValueError("a walk has a coordinate that is not finite")
    rows = np.column_stack([length.astype(np.int32), x.reshape(len(x), -1).view(np.int32)])
    keys = np.ascontiguousarray(rows).view(f"V{rows.strides[0]}").ravel()
    first = np.unique(keys, return_index=True)[1]
    return x[first], length[first].astype(np.int64)


def turn_cut(x: np.ndarray, length: np.ndarray, largest_deg: float) -> np.ndarray:
    """The lengths (walks,) up to the first turn of more than ``largest_deg``, as published.

    The turn is that between successive segments; the one at the second node is exempt.
    """
    if largest_deg >= 180:
        return length
    step = np.diff(x, axis=1)
    before, after = step[:, 1:-1], step[:, 2:]
    inner = np.einsum("wsi,wsi->ws", before, after)
    squared = np.einsum("wsi,wsi->ws", step, step)
    norm = np.sqrt(squared[:, 1:-1] * squared[:, 2:])
    sharp = inner < np.cos(np.radians(largest_deg)) * norm
    first = np.where(sharp.any(axis=1), sharp.argmax(axis=1) + 3, x.shape[1])
    return np.minimum(length, first)


@njit(cache=True, nogil=True)
def grow(
    x: np.ndarray, length: np.ndarray, tolerance: np.ndarray, max_children: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tree of distinct walks, step by step: nodes, parents, and the step (N,) of each node.

    ``order`` holds the walks that go on, those of one group beside each other: group ``g`` is
    ``order[first[g]:first[g + 1]]``, is at node ``at[g]`` and may give it ``slots[g]`` children.
    """
    n_walks, n_steps, _ = x.shape
    most = 1 + length.sum()
    xyz, parent, n_nodes = np.zeros((most, 3), np.float32), np.full(most, -1, np.int32), 1
    step_of = np.zeros(most, np.int64)
    order, n_groups = np.arange(n_walks), 1
    first = np.zeros(n_walks + 1, np.int64)
    first[1] = n_walks
    at, slots = np.zeros(n_walks, np.int64), np.full(n_walks, n_walks)
    for step in range(1, n_steps):
        new_order, new_first = np.empty_like(order), np.zeros_like(first)
        new_at, new_slots = np.empty_like(at), np.empty_like(slots)
        placed, made = 0, 0
        for g in range(n_groups):
            members = order[first[g] : first[g + 1]]
            members = members[length[members] > step]
            if len(members) == 0:
                continue
            points = x[members, step].astype(np.float64)
            label, k = group_points(points, length[members] == step + 1, tolerance[step], slots[g])
            left = slots[g] - (k - 1)
            for c in range(k):
                chosen = members[label == c]
                node = _mean(x, chosen, step)
                if _apart(node, xyz[at[g]]):
                    xyz[n_nodes], parent[n_nodes] = node, at[g]
                    new_at[made], new_slots[made] = n_nodes, max_children
                    step_of[n_nodes] = step
                    n_nodes += 1
                else:
                    # The group waits where it is, with what is left of the children there.
                    new_at[made], new_slots[made], left = at[g], left, 1
                new_order[placed : placed + len(chosen)] = chosen
                placed += len(chosen)
                made += 1
                new_first[made] = placed
        order, first, at, slots, n_groups = new_order, new_first, new_at, new_slots, made
    return xyz[:n_nodes].copy(), parent[:n_nodes].copy(), step_of[:n_nodes].copy()


@njit(cache=True, nogil=True)
def _mean(x: np.ndarray, walks: np.ndarray, step: int) -> np.ndarray:
    """The mean node (3,) of the walks at a step, in the precision in which it is kept."""
    node = np.empty(3, np.float32)
    for axis in range(3):
        total = 0.0
        for walk in walks:
            total += x[walk, step, axis]
        node[axis] = total / len(walks)
    return node


@njit(cache=True, nogil=True)
def _apart(a: np.ndarray, b: np.ndarray) -> bool:
    squared = 0.0
    for axis in range(3):
        squared += (np.float64(a[axis]) - np.float64(b[axis])) ** 2
    return squared >= RESOLUTION_UM**2


# Points grouped by average linkage, up to a distance and a number of groups.


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
    group, other, ended = np.empty(n, np.int64), 0, k
    for i in range(n):
        if ends[i]:
            group[i], ended = ended, ended + 1
        else:
            group[i], other = label[other], other + 1
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
    number, label, count = np.full(len(group), -1), np.empty(len(group), np.int64), 0
    for i in range(len(group)):
        if number[group[i]] < 0:
            number[group[i]] = count
            count += 1
        label[i] = number[group[i]]
    return label
