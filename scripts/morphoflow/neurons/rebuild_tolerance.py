"""How near decoded walks must be to count as one path, told from walks whose tree is known."""

from collections.abc import Sequence

import numpy as np

from morphoflow.neurons.rebuild import distinct, grow, rebuild

Walks = tuple[np.ndarray, np.ndarray]
# In units of the decoder's error: from much nearer to much farther than walks of one node are.
LEAST, MOST, HALVINGS = 0.02, 20.0, 9


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
    found = [distinct(x, n) for x, n in decoded]
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
            n = _nodes_of_step(found, step, tolerance, max_children)
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
