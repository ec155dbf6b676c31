"""All that turns decoded walks into trees, learned from real walks of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.rebuild.rebuild import DENDRITE, SOMA, distinct, grow, rebuild, turn_cut

# Neurons that the tolerance is fitted on; more change it little and take longer.
FITTED = 96

Walks = tuple[np.ndarray, np.ndarray]

# In units of the decoder's error: from much nearer to much farther than walks of one node are.
LEAST, MOST, HALVINGS = 0.02, 20.0, 9


# What a decoder leaves out of a tree: the small windings of its paths, learned and put back.
#
# A decoder trained on squared errors gives the mean of what a walk may be, so that paths come out
# smooth and branches too close. A draw from its distribution has the errors as well; here they are
# drawn once for each node of a tree, each depending on that of its parent, so that walks which
# share a node still do.


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


@dataclass(frozen=True, eq=False)
class Rebuilder:
    """Makes trees of walks, with a tolerance (steps,) in um and children as real neurons have.

    ``residual`` puts back the windings that the decoder leaves out, unless it is None. Walks are
    cut at a turn of more than ``largest_turn_deg``; 180 cuts none.
    """

    tolerance: np.ndarray
    max_children: int
    residual: Residual | None
    largest_turn_deg: float

    def tree(self, name: str, walks: Walks, rng: np.random.Generator) -> Forest:
        """The tree of the walks of one neuron, (x, length), as a forest of one."""
        x, length = walks
        length = turn_cut(x, length, self.largest_turn_deg)
        xyz, parent = rebuild(x, length, tolerance=self.tolerance, max_children=self.max_children)
        if self.residual is not None:
            xyz = self.residual.add(xyz, parent, rng)
        return single(name, xyz, parent, 1.0, np.where(parent < 0, SOMA, DENDRITE))

    def trees(
        self,
        names: Sequence[str],
        walks: Sequence[Walks],
        streams: Sequence[np.random.Generator],
    ) -> Forest:
        """The trees of several neurons, each from its walks and its stream of random numbers."""
        each = zip(names, walks, streams, strict=True)
        return concatenate([self.tree(*neuron) for neuron in each])


def fit_rebuilder(
    real: Sequence[Walks],
    decoded: Sequence[Walks],
    held_out: tuple[Sequence[Walks], Sequence[Walks]],
    *,
    residual: bool,
    largest_turn_deg: float,
) -> Rebuilder:
    """Learn to rebuild from neurons' real distinct walks (x, length) and the same ones decoded.

    ``held_out`` are real and decoded walks of neurons that the decoder was not trained on, whose
    displacements are those to expect; ``residual`` says whether to put them back.
    """
    most = most_children(real)
    rows = np.unique(np.linspace(0, len(real) - 1, min(FITTED, len(real))).round().astype(int))
    cut = [(x, turn_cut(x, n, largest_turn_deg)) for x, n in (decoded[i] for i in rows)]
    tolerance = fit_tolerance([real[i] for i in rows], cut, most)
    left_out = fit_residual(*held_out) if residual else None
    return Rebuilder(tolerance, most, left_out, largest_turn_deg)


# How near decoded walks must be to count as one path, learned from walks whose tree is known.


def most_children(walks: Sequence[Walks]) -> int:
    """The most children of any node but the soma, at least 2, in the trees of real walks.

    Each neuron's walks (x, length) share their first nodes exactly.
    """
    parents = [rebuild(x, n, tolerance=0.0, max_children=len(x))[1] for x, n in walks]
    return max(2, *(int(np.bincount(p[p > 0]).max(initial=0)) for p in parents))


def decoder_error(real: Sequence[Walks], decoded: Sequence[Walks]) -> np.ndarray:
    """The root mean square distance (steps,) in um of decoded nodes from the real ones.

    Walk by walk and step by step, where both have a node; steps that no walk reaches have the
    error of the last one that one reaches.
    """
    steps = real[0][0].shape[1]
    total, count = np.zeros(steps), np.zeros(steps)
    for (x, n), (y, m) in zip(real, decoded, strict=True):
        both = np.arange(steps) < np.minimum(n, m)[:, None]
        squared = ((x.astype(np.float64) - y) ** 2).sum(axis=2)
        total += (squared * both).sum(axis=0)
        count += both.sum(axis=0)
    reached = np.maximum.accumulate(np.where(count > 0, np.arange(steps), 0))
    return np.sqrt(total / np.maximum(count, 1))[reached]


def fit_tolerance(real: Sequence[Walks], decoded: Sequence[Walks], max_children: int) -> np.ndarray:
    """The tolerance (steps,) in um at which decoded walks rebuild trees as full as the real ones.

    From the soma outwards, each step has the tolerance, a multiple of the decoder's error there,
    by which all trees together have as many nodes of that step as those of the real walks.
    """
    error = decoder_error(real, decoded)
    steps = len(error)
    walks = [distinct(x, n) for x, n in decoded]
    wanted = sum(
        np.bincount(grow(*distinct(x, n), np.zeros(steps), len(x))[2], minlength=steps)
        for x, n in real
    )
    tolerance = np.zeros(steps)
    reached = int(np.flatnonzero(wanted).max(initial=0))
    for step in range(1, reached + 1):
        low, high = LEAST, MOST
        for _ in range(HALVINGS):
            factor = float(np.sqrt(low * high))
            tolerance[step] = factor * error[step]
            n = _nodes_of_step(walks, step, tolerance, max_children)
            low, high = (factor, high) if n > wanted[step] else (low, factor)
    tolerance[reached + 1 :] = tolerance[reached]
    return tolerance


def _nodes_of_step(
    walks: Sequence[Walks], step: int, tolerance: np.ndarray, max_children: int
) -> int:
    """How many nodes of a step the trees have in all."""
    cut = min(step + 2, len(tolerance))
    return sum(
        int((grow(x[:, :cut], np.minimum(n, cut), tolerance[:cut], max_children)[2] == step).sum())
        for x, n in walks
    )


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
