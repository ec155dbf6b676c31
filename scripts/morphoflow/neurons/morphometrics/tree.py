"""The trees of a forest as flat arrays: children, paths, subtrees, sections, orders.

All kernels rely on parents preceding their children: one pass forward hands values down the
trees, one pass backward gathers them up.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.forest import Forest


@dataclass(frozen=True, eq=False)
class Trees:
    """Per-node arrays of a forest with ``n`` neurons and N nodes, rows as in the forest.

    ``owner`` (N,) the neuron; ``joined`` (N,) the parent's row, -1 for somata; ``parent`` (N,) the
    same with bridges cut, so that -1 is where cable begins; ``xyz`` (N, 3) float64 in um;
    ``segment`` (N, 3) the vector from ``parent`` in um, 0 without one; ``length`` (N,) its length;
    ``path`` (N,) the cable on the way from the soma in um; ``distance`` (N,) the straight one;
    ``start`` (N + 1,) and ``child`` as in :func:`child_table` of ``parent``.
    """

    n: int
    owner: np.ndarray
    joined: np.ndarray
    parent: np.ndarray
    xyz: np.ndarray
    segment: np.ndarray
    length: np.ndarray
    path: np.ndarray
    distance: np.ndarray
    start: np.ndarray
    child: np.ndarray

    @classmethod
    def of(cls, forest: Forest) -> "Trees":
        """Derive the arrays from a forest."""
        joined, parent = forest.parent_row, forest.measured_parent
        length, xyz = forest.segment_length, forest.xyz.astype(float)
        start, child = child_table(parent)
        return cls(
            n=forest.n,
            owner=forest.owner,
            joined=joined,
            parent=parent,
            xyz=xyz,
            segment=np.where(parent[:, None] < 0, 0.0, xyz - xyz[parent]),
            length=length,
            path=path_sum(joined, length),
            distance=np.linalg.norm(xyz, axis=1),
            start=start,
            child=child,
        )

    @property
    def n_children(self) -> np.ndarray:
        """The number of children of each node, (N,) int64."""
        return np.diff(self.start)

    @property
    def is_root(self) -> np.ndarray:
        """Where the somata are, (N,) bool."""
        return self.joined < 0

    @property
    def is_tip(self) -> np.ndarray:
        """Where cable ends, (N,) bool; never where it begins."""
        return (self.parent >= 0) & (self.n_children == 0)

    @property
    def is_branch(self) -> np.ndarray:
        """Where nodes with several children are, (N,) bool; a soma is never a branch point."""
        return ~self.is_root & (self.n_children > 1)


@njit(cache=True, nogil=True)
def child_table(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The children of node ``k`` are ``child[start[k]:start[k + 1]]``, in the order of their rows.

    ``parent`` (N,) holds rows, -1 for roots; ``start`` is (N + 1,), ``child`` (N - roots,) int64.
    """
    start = np.zeros(len(parent) + 1, dtype=np.int64)
    for up in parent:
        if up >= 0:
            start[up + 1] += 1
    start = np.cumsum(start)
    free = start[:-1].copy()
    child = np.empty(start[-1], dtype=np.int64)
    for node, up in enumerate(parent):
        if up >= 0:
            child[free[up]] = node
            free[up] += 1
    return start, child


@njit(cache=True, nogil=True)
def path_sum(parent: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The sum of ``value`` (N,) over the path from the root to each node, both included."""
    total = value.copy()
    for node, up in enumerate(parent):
        if up >= 0:
            total[node] += total[up]
    return total


@njit(cache=True, nogil=True)
def beginnings(parent: np.ndarray) -> np.ndarray:
    """The root above each node, (N,) int64; a root's own row for itself."""
    begin = np.arange(len(parent))
    for node, up in enumerate(parent):
        if up >= 0:
            begin[node] = begin[up]
    return begin


@njit(cache=True, nogil=True)
def subtree_sum(parent: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The sum of ``value`` (N,) over each node and all nodes below it."""
    total = value.copy()
    for node in range(len(parent) - 1, -1, -1):
        if parent[node] >= 0:
            total[parent[node]] += total[node]
    return total


@njit(cache=True, nogil=True)
def section_heads(parent: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The root or branch point above each node where its section begins, (N,) int64; -1 for roots.

    A section runs from a root or a branch point to the next branch point or tip.
    """
    head = parent.copy()
    for node, up in enumerate(parent):
        if up >= 0 and parent[up] >= 0 and start[up + 1] - start[up] == 1:
            head[node] = head[up]
    return head


@njit(cache=True, nogil=True)
def section_ends(start: np.ndarray, child: np.ndarray) -> np.ndarray:
    """The branch point or tip at or below each node where its section ends, (N,) int64."""
    end = np.arange(len(start) - 1)
    for node in range(len(end) - 1, -1, -1):
        if start[node + 1] - start[node] == 1:
            end[node] = end[child[start[node]]]
    return end


@njit(cache=True, nogil=True)
def strahler_orders(start: np.ndarray, child: np.ndarray) -> np.ndarray:
    """The Horton-Strahler order of each node, (N,) int64.

    Nodes without a child have 1; others the highest order k among their children, or k + 1 where
    several children have it (Strahler, Trans. AGU 38, 1957).
    """
    order = np.ones(len(start) - 1, dtype=np.int64)
    for node in range(len(order) - 1, -1, -1):
        highest, times = 0, 0
        for below in child[start[node] : start[node + 1]]:
            if order[below] > highest:
                highest, times = order[below], 0
            times += order[below] == highest
        if highest > 0:
            order[node] = highest + (times > 1)
    return order
