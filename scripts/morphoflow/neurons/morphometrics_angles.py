"""Morphometrics of direction: angles between branches, and turns along the cable."""

import numpy as np
from numba import njit

from morphoflow.neurons.morphometrics_groups import mean, sd
from morphoflow.neurons.morphometrics_tree import Trees, section_ends


def angles(trees: Trees) -> dict[str, np.ndarray]:
    """Angles in degrees, (n,) each; 0 where a neuron has none.

    A branch angle is that between two branches of one branch point, over all pairs: ``local`` by
    their first segments, ``remote`` by the straight lines to the ends of their sections. A path
    angle is the turn at a node with one child, 0 for straight on; it depends on the spacing of
    the nodes. Directions of length 0 are left out.
    """
    first, second = sibling_pairs(trees.is_branch, trees.start, trees.child)
    end = section_ends(trees.start, trees.child)
    inner = np.flatnonzero(~trees.is_root & (trees.n_children == 1))
    after = trees.child[trees.start[inner]]
    towards_end = trees.xyz[end] - trees.xyz[trees.parent]
    return {
        **_statistics("branch_angle_local", trees, trees.segment, first, second),
        **_statistics("branch_angle_remote", trees, towards_end, first, second),
        **_statistics("path_angle", trees, trees.segment, inner, after),
    }


@njit(cache=True, nogil=True)
def sibling_pairs(
    is_branch: np.ndarray, start: np.ndarray, child: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all pairs of children of one branch point, two (pairs,) int64 arrays."""
    count = np.diff(start) * is_branch
    first = np.empty((count * (count - 1) // 2).sum(), dtype=np.int64)
    second = np.empty_like(first)
    pair = 0
    for node in np.flatnonzero(is_branch):
        for a in range(start[node], start[node + 1]):
            for b in range(a + 1, start[node + 1]):
                first[pair], second[pair] = child[a], child[b]
                pair += 1
    return first, second


def _statistics(
    name: str, trees: Trees, direction: np.ndarray, first: np.ndarray, second: np.ndarray
) -> dict[str, np.ndarray]:
    """Mean and standard deviation of the angles between ``direction`` at two lists of rows."""
    u, v = direction[first], direction[second]
    sine, cosine = np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1)
    angle = np.degrees(np.arctan2(sine, cosine))
    known = u.any(axis=1) & v.any(axis=1)
    angle, owner = angle[known], trees.owner[first[known]]
    return {
        f"{name}_mean_deg": mean(angle, owner, trees.n),
        f"{name}_sd_deg": sd(angle, owner, trees.n),
    }
