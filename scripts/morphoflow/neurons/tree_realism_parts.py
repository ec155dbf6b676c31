"""What the realism of trees is judged by beside their morphometrics: angles, children, validity."""

import numpy as np

from morphoflow.neurons.forest import Forest
from morphoflow.neurons.morphometrics_angles import sibling_pairs
from morphoflow.neurons.morphometrics_tree import Trees


def branch_angles(forest: Forest) -> np.ndarray:
    """The angles (pairs,) in degrees between the first segments of branches of one branch point."""
    trees = Trees.of(forest)
    first, second = sibling_pairs(trees.is_branch, trees.start, trees.child)
    u, v = trees.segment[first], trees.segment[second]
    angle = np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1)))
    return angle[u.any(axis=1) & v.any(axis=1)]


def child_counts(forest: Forest) -> np.ndarray:
    """The number of children (b,) of each branch point, somata left out."""
    trees = Trees.of(forest)
    return trees.n_children[trees.is_branch]


def valid(forest: Forest, most_children: int) -> np.ndarray:
    """Which neurons (n,) are sound trees.

    They have one root, at the origin; parents come before their children, so that all is
    connected without a cycle; coordinates and radii are finite; no segment has the length 0, and
    there is one; and no node but the soma has more than ``most_children``.
    """
    within = np.arange(len(forest.parent)) - np.repeat(forest.offsets[:-1], forest.n_nodes)
    root = within == 0
    up = np.where(root, 0, forest.parent) + within * 0
    ordered = np.where(root, forest.parent == -1, (up >= 0) & (up < within))
    finite = np.isfinite(forest.xyz).all(axis=1) & np.isfinite(forest.radius)
    placed = np.where(root, (forest.xyz == 0).all(axis=1), True)
    sound = ordered & finite & placed
    rows = np.where(sound & ~root, forest.parent_row, 0)
    longer = root | (np.linalg.norm(forest.xyz - forest.xyz[rows], axis=1) > 0)
    children = np.bincount(rows[sound & ~root], minlength=len(rows))
    few = root | (children <= most_children)
    all_hold = np.logical_and.reduceat(sound & longer & few, forest.offsets[:-1])
    return all_hold & (forest.n_nodes > 1)
