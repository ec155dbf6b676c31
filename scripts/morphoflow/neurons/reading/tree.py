"""One neuron while it is being repaired, and the steps that all repairs share."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

SOMA = 1

# Longer than so many times the length that 99 % of a file's segments do not exceed is a jump.
SEGMENTS_PER_JUMP, LONG_SEGMENT = 10, 0.99


@dataclass(frozen=True, eq=False)
class Tree:
    """Nodes with parents, one root or several.

    ``xyz`` (N, 3) and ``radius`` (N,) float64 in um; ``compartment`` (N,) uint8; ``parent`` (N,)
    int64, -1 for a root; ``line`` (N,) int64, the line of the file that a node comes from;
    ``bridge`` (N,) bool, True where the way to the parent is no cable of the file.
    """

    xyz: np.ndarray
    radius: np.ndarray
    compartment: np.ndarray
    parent: np.ndarray
    line: np.ndarray
    bridge: np.ndarray

    @property
    def segment_length(self) -> np.ndarray:
        """The distance of each node to its parent in um, (N,); 0 for roots."""
        step = np.linalg.norm(self.xyz - self.xyz[self.parent], axis=1)
        return np.where(self.parent < 0, 0.0, step)

    @property
    def cable(self) -> np.ndarray:
        """The cable between each node and its parent in um, (N,); 0 for roots and bridges."""
        return np.where(self.bridge, 0.0, self.segment_length)

    def take(self, rows: np.ndarray, parent: np.ndarray) -> "Tree":
        """The nodes at ``rows`` in that order; ``parent`` (N,) still counts in the old order."""
        new = np.full(len(self.parent), -1)
        new[rows] = np.arange(len(rows))
        up = parent[rows]
        return Tree(
            xyz=self.xyz[rows],
            radius=self.radius[rows],
            compartment=self.compartment[rows],
            parent=np.where(up < 0, -1, new[np.maximum(up, 0)]),
            line=self.line[rows],
            bridge=self.bridge[rows],
        )


def longest_usual(length: np.ndarray) -> float:
    """The longest way in um that is no jump beside segments of ``length`` (s,); 0 without any."""
    length = length[length > 0]
    return SEGMENTS_PER_JUMP * float(np.quantile(length, LONG_SEGMENT)) if len(length) else 0.0


def follow(pointer: np.ndarray) -> np.ndarray:
    """Where each index ends if it goes to ``pointer[index]`` again and again, (N,).

    An index that points to itself is an end. One that runs into a ring ends somewhere in it.
    """
    for _ in range(len(pointer).bit_length()):
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            break
        pointer = further
    return pointer


def own_if(condition: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """The node's own index where ``condition`` holds and its parent elsewhere: for follow."""
    return np.where(condition, np.arange(len(parent)), parent)


def root_of(parent: np.ndarray) -> np.ndarray:
    """The root above each node, (N,)."""
    return follow(own_if(parent < 0, parent))


def path_sum(parent: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The sum of ``step`` (N, ...) over each node and its ancestors, the root not counted."""
    pointer = own_if(parent < 0, parent)
    total = np.where((parent < 0).reshape(-1, *[1] * (step.ndim - 1)), 0.0, step)
    while True:
        total = total + total[pointer]
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return total
        pointer = further


def contract(tree: Tree, into: np.ndarray) -> Tree:
    """Merge each node into the node ``into[node]``, which must point to itself and lie above it."""
    up = np.where(tree.parent < 0, -1, into[tree.parent])
    return tree.take(np.flatnonzero(into == np.arange(len(into))), up)


def rooted(tree: Tree, root: int, bridges: np.ndarray) -> Tree:
    """The tree that holds ``root``, with ``root`` as node 0 and parents before their children.

    ``bridges`` (k, 2) are further edges between nodes. An order that is right already stays.
    """
    up = tree.parent
    if root == 0 and up[0] == -1 and len(bridges) == 0 and _in_order(up):
        return tree
    child = np.flatnonzero(up >= 0)
    edges = np.concatenate([np.column_stack([child, up[child]]), bridges])
    n = len(up)
    graph = coo_array((np.ones(len(edges)), (edges[:, 1], edges[:, 0])), shape=(n, n)).tocsr()
    order, before = breadth_first_order(graph, root, directed=False)
    bridged = np.zeros(n, dtype=bool)
    bridged[bridges[:, 0]] = before[bridges[:, 0]] == bridges[:, 1]
    bridged[bridges[:, 1]] |= before[bridges[:, 1]] == bridges[:, 0]
    return replace(tree, bridge=bridged).take(order, before.astype(np.int64))


def _in_order(parent: np.ndarray) -> bool:
    rest = parent[1:]
    return bool(((rest >= 0) & (rest <= np.arange(len(rest)))).all())


def replace_node(tree: Tree, node: int, xyz: np.ndarray, radius: float) -> Tree:
    """The tree with another place (3,) and radius for one node."""
    places, radii = tree.xyz.copy(), tree.radius.copy()
    places[node], radii[node] = xyz, radius
    return replace(tree, xyz=places, radius=radii)
