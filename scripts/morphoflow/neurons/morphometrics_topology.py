"""Morphometrics that count: branch points, tips, orders and the balance of the tree."""

import numpy as np

from morphoflow.neurons.morphometrics_groups import largest, mean, total
from morphoflow.neurons.morphometrics_tree import Trees, path_sum, strahler_orders, subtree_sum


def topology(trees: Trees) -> dict[str, np.ndarray]:
    """Counts per neuron, (n,) each, without units; all 0 for a soma alone.

    A stem is a child of the soma. The branch order of a tip is the number of branch points on
    its way from the soma. The Strahler order is the highest of any stem. Asymmetry is the mean of
    ``|r - s| / (r + s - 2)`` over the branch points with two children, r and s being the tips
    below them, and 0 for r = s = 1 (Van Pelt et al., Bull. Math. Biol. 54, 1992).
    """
    n, owner, tip, branch = trees.n, trees.owner, trees.is_tip, trees.is_branch
    order = path_sum(trees.parent, branch.astype(np.float64))[tip]
    stem = np.flatnonzero(~trees.is_root & trees.is_root[trees.parent])
    fork = np.flatnonzero(branch & (trees.n_children == 2))
    return {
        "n_stems": np.bincount(owner[stem], minlength=n),
        "n_branch_points": total(branch, owner, n),
        "n_tips": total(tip, owner, n),
        "max_children": largest(trees.n_children[branch], owner[branch], n),
        "max_branch_order": largest(order, owner[tip], n),
        "tip_branch_order_mean": mean(order, owner[tip], n),
        "strahler_order": largest(strahler_orders(trees.start, trees.child)[stem], owner[stem], n),
        "partition_asymmetry_mean": mean(_asymmetry(trees, fork), owner[fork], n),
    }


def _asymmetry(trees: Trees, fork: np.ndarray) -> np.ndarray:
    """The partition asymmetry at nodes with two children, (len(fork),) from 0 to 1."""
    tips = subtree_sum(trees.parent, trees.is_tip.astype(np.float64))
    first = trees.start[fork]
    r, s = tips[trees.child[first]], tips[trees.child[first + 1]]
    return np.abs(r - s) / np.maximum(r + s - 2, 1)
