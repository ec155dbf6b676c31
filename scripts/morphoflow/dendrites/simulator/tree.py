"""Grown cable as a tree: fewer nodes, parents before children, pulled straight, an SWC forest."""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from morphoflow.dendrites.simulator.cable import LIVE, Cable
from morphoflow.forest import Forest, single

THINNING = 4


@dataclass(frozen=True, eq=False)
class Tree:
    """Arbors in the plane; parents precede children, roots have parent -1.

    ``xy`` (n, 2) um; ``parent`` (n,) int64; ``cell`` (n,) int64, 0 for the neuron whose soma is at
    the origin and 1 for its neighbours; ``supported`` (n,) int64 tips at or beyond each node.
    """

    xy: np.ndarray
    parent: np.ndarray
    cell: np.ndarray
    supported: np.ndarray

    @property
    def segment_length(self) -> np.ndarray:
        """The distance of each node to its parent in um, (n,); 0 for roots."""
        step = np.linalg.norm(self.xy - self.xy[self.parent], axis=1)
        return np.where(self.parent < 0, 0.0, step)


def tree_of(cable: Cable) -> Tree:
    """The nodes of a cable, every fourth of those that are neither root, fork nor tip."""
    slots = cable.live[: cable.counts[LIVE]].astype(np.int64)
    slots = slots[np.argsort(cable.depth[slots], kind="stable")]
    row = np.full(len(cable.live), -1)
    row[slots] = np.arange(len(slots))
    up = cable.parent[slots].astype(np.int64)
    parent = np.where(up < 0, -1, row[up])
    plain = (cable.children[slots] == 1) & (up >= 0)
    keep = ~plain | (cable.depth[slots] % THINNING == 0)
    kept, above = np.flatnonzero(keep), _kept_above(parent, keep)
    new = np.cumsum(keep) - 1
    parent = np.where(above[kept] < 0, -1, new[above[kept]])
    xy = np.column_stack([cable.x[slots], cable.y[slots]])[kept]
    return Tree(xy, parent, cable.cell[slots][kept].astype(np.int64), _supported(parent))


def soma_forest(identifier: str, tree: Tree, radius: np.ndarray, soma_radius: float) -> Forest:
    """Cell 0 as an SWC forest: its soma, type 1, at the origin, and dendrites, type 3.

    ``radius`` (n,) in um belongs to the nodes of ``tree``; the y axis points up, as in SWC.
    """
    own = tree.cell == 0
    new = np.cumsum(own)
    parent = np.where(tree.parent[own] < 0, 0, new[tree.parent[own]])
    xyz = np.zeros((1 + own.sum(), 3))
    xyz[1:, :2] = tree.xy[own] * [1, -1]
    radii = np.concatenate([[soma_radius], radius[own]])
    kind = np.where(np.arange(len(xyz)) == 0, 1, 3)
    return single(identifier, xyz, np.concatenate([[-1], parent]), radii, kind)


def relax(tree: Tree, reach: float) -> Tree:
    """The tree pulled straight over some ``reach`` nodes; roots and tips stay where they are.

    Each node moves to the mean of its neighbours, weighted by the square root of the tips that the
    edge supports, as diameter does: stout branches straighten and thin ones follow.
    """
    rounds = round(reach**2)
    xy = _pulled(tree.xy.copy(), tree.parent, np.sqrt(tree.supported), rounds)
    return replace(tree, xy=xy)


@njit(cache=True)
def _pulled(xy, parent, pull, rounds):
    n = len(parent)
    for _ in range(rounds):
        force = np.zeros((n, 2))
        weight = np.zeros(n)
        leaf = np.ones(n, dtype=np.bool_)
        for node in range(n):
            up = parent[node]
            if up >= 0:
                leaf[up] = False
                force[node] += pull[node] * xy[up]
                force[up] += pull[node] * xy[node]
                weight[node] += pull[node]
                weight[up] += pull[node]
        for node in range(n):
            if parent[node] >= 0 and not leaf[node]:
                xy[node] = (xy[node] + force[node] / weight[node]) / 2
    return xy


@njit(cache=True)
def _kept_above(parent, keep):
    above = np.full(len(parent), -1)
    for node in range(len(parent)):
        if parent[node] >= 0:
            above[node] = parent[node] if keep[parent[node]] else above[parent[node]]
    return above


@njit(cache=True)
def _supported(parent):
    supported = np.zeros(len(parent), dtype=np.int64)
    for node in range(len(parent) - 1, -1, -1):
        if supported[node] == 0:
            supported[node] = 1
        if parent[node] >= 0:
            supported[parent[node]] += supported[node]
    return supported
