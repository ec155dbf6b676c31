"""What a decoder leaves out of a tree: the small windings of its paths, learned and put back.

A decoder trained on squared errors gives the mean of what a walk may be, so that paths come out
smooth and branches too close. A draw from its distribution has the errors as well; here they are
drawn once for each node of a tree, each depending on that of its parent, so that walks which share
a node still do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.neurons.rebuild_tolerance import Walks


@dataclass(frozen=True, eq=False)
class Residual:
    """A Gaussian Markov chain of displacements in um along paths, 0 at the soma.

    That of a child of the soma has the covariance ``first`` (3, 3), um2; that of another node is
    ``carry`` (3, 3) times that of its parent and a part of its own of the covariance ``own``.
    """

    first: np.ndarray
    carry: np.ndarray
    own: np.ndarray

    def add(self, xyz: np.ndarray, parent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The nodes (N, 3) float32 of a tree, parents before children, each displaced at random."""
        noise = rng.standard_normal(xyz.shape)
        stem = (parent == 0)[:, None]
        shift = np.where(stem, noise @ _root(self.first).T, noise @ _root(self.own).T)
        shift[0] = 0
        return (xyz + _carried(parent, shift, self.carry)).astype(np.float32)


def fit_residual(real: Sequence[Walks], decoded: Sequence[Walks]) -> Residual:
    """Learn the displacements of real trees from decoded ones.

    Each neuron's real and decoded walks (x, length) are paired. A node of the real tree is where
    walks share their first nodes; its decoded place is the mean of theirs.
    """
    stems, parents, children = [], [], []
    for (x, n), (y, m) in zip(real, decoded, strict=True):
        up, shift, step = _displacements(x, y, np.minimum(n, m))
        later = step > 1
        stems.append(shift[step == 1])
        parents.append(shift[up[later]])
        children.append(shift[later])
    stem, parent, child = (np.concatenate(part) for part in (stems, parents, children))
    carry = np.linalg.lstsq(parent, child, rcond=None)[0].T
    return Residual(_covariance(stem), carry, _covariance(child - parent @ carry.T))


def _displacements(
    x: np.ndarray, y: np.ndarray, length: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row of the parent (N,), displacement (N, 3) and step (N,) of each node of a real tree."""
    rows, node = np.arange(len(x)), np.zeros(len(x), np.int64)
    up, shift, steps, n_nodes = [np.zeros(1, np.int64)], [np.zeros((1, 3))], [np.zeros(1)], 1
    for step in range(1, int(length.max(initial=1))):
        rows = rows[length[rows] > step]
        keys = np.column_stack([node[rows], x[rows, step]]).astype(np.float64)
        _, first, of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        of = of.ravel()
        count = np.bincount(of)[:, None]
        gap = x[rows, step].astype(np.float64) - y[rows, step]
        total = np.stack([np.bincount(of, weights=axis) for axis in gap.T], axis=1)
        up.append(node[rows[first]])
        shift.append(total / count)
        steps.append(np.full(len(first), step))
        node[rows] = n_nodes + of
        n_nodes += len(first)
    return np.concatenate(up), np.concatenate(shift), np.concatenate(steps)


def _covariance(shift: np.ndarray) -> np.ndarray:
    """The mean outer product (3, 3) about 0; 0 without rows."""
    return shift.T @ shift / max(len(shift), 1)


def _root(covariance: np.ndarray) -> np.ndarray:
    """A matrix whose product with its transpose is the covariance, singular ones included."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))


@njit(cache=True, nogil=True)
def _carried(parent: np.ndarray, shift: np.ndarray, carry: np.ndarray) -> np.ndarray:
    """Each node's own displacement and what it takes over from its parent."""
    total = shift.copy()
    for node in range(1, len(parent)):
        total[node] += carry @ total[parent[node]]
    return total
