"""What is true of the part of an arbor that an image shows, by which its tracing is judged."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from morphoflow.dendrites.simulator.simulate import Arbor
from morphoflow.dendrites.simulator.tree import Tree

# So far from its rim, in um, dendrites widen into the soma and belong to what is seen as one.
COLLAR_UM = 1.5


@dataclass(frozen=True)
class Seen:
    """Cable in um, branch points, tips, ends cut by the frame, and places where cable crosses."""

    length_um: float
    branch_points: int
    tips: int
    cut_ends: int
    crossings: int


def seen(arbor: Arbor, field_um: float, resolution_um: float) -> Seen:
    """The topology of ``arbor`` within its field, all cells together and outside the soma.

    Side branches shorter than ``resolution_um`` are left out, the shortest first, as no image of
    that resolution shows them.
    """
    tree, half = arbor.tree, field_um / 2
    kept = _long(tree.parent, tree.segment_length, resolution_um)
    child = kept & (tree.parent >= 0)
    framed = (np.abs(tree.xy - arbor.middle) < half).all(axis=1)
    inside = framed & ~_in_soma(tree.xy, arbor.soma)
    children = np.bincount(tree.parent[child], minlength=len(tree.parent))
    share = (inside.astype(float) + inside[tree.parent]) / 2
    crossed = _crossings(tree, np.flatnonzero(child))
    return Seen(
        length_um=float((tree.segment_length * share)[child].sum()),
        branch_points=int((kept & inside & (tree.parent >= 0) & (children > 1)).sum()),
        tips=int((kept & inside & (children == 0)).sum()),
        cut_ends=int((child & (framed != framed[tree.parent])).sum()),
        crossings=int((np.abs(crossed - arbor.middle) < half).all(axis=1).sum()),
    )


def _in_soma(xy: np.ndarray, soma: np.ndarray) -> np.ndarray:
    major, minor, angle = soma
    along = xy[:, 0] * np.cos(angle) + xy[:, 1] * np.sin(angle)
    across = xy[:, 1] * np.cos(angle) - xy[:, 0] * np.sin(angle)
    return np.hypot(along / (major + COLLAR_UM), across / (minor + COLLAR_UM)) < 1


@njit(cache=True)
def _long(parent, length, least):
    """Which nodes (n,) are left when side branches shorter than ``least`` have gone, or all are.

    Of the branches beyond a fork the longest goes on, whatever its length; parents come first.
    """
    n = len(parent)
    beyond = np.zeros(n)
    heir = np.full(n, -1)
    for node in range(n - 1, -1, -1):
        up = parent[node]
        if up >= 0 and (heir[up] < 0 or beyond[node] + length[node] > beyond[up]):
            beyond[up], heir[up] = beyond[node] + length[node], node
    kept = np.ones(n, dtype=np.bool_)
    for node in range(n):
        up = parent[node]
        if up >= 0:
            long = heir[up] == node or beyond[node] + length[node] >= least
            kept[node] = kept[up] and long
    return kept


def _crossings(tree: Tree, child: np.ndarray) -> np.ndarray:
    """Where edges from the nodes ``child`` (m,) to their parents cross others, (k, 2) in um."""
    begin, end = tree.xy[tree.parent[child]], tree.xy[child]
    longest = tree.segment_length[child].max(initial=0.0)
    pairs = cKDTree((begin + end) / 2).query_pairs(longest, output_type="ndarray")
    ends = np.stack([tree.parent[child], child], axis=1)[pairs]
    apart = (ends[:, 0, :, None] != ends[:, 1, None, :]).all(axis=(1, 2))
    i, j = pairs[apart].T
    first, second, gap = end[i] - begin[i], end[j] - begin[j], begin[j] - begin[i]
    turn = _cross(first, second)
    level = turn == 0
    along = _cross(gap, second) / np.where(level, 1, turn)
    across = _cross(gap, first) / np.where(level, 1, turn)
    meet = ~level & (along > 0) & (along < 1) & (across > 0) & (across < 1)
    return begin[i][meet] + along[meet, None] * first[meet]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
