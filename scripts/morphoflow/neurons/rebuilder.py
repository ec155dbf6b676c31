"""All that turns decoded walks into trees, learned from real walks of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from morphoflow.neurons.forest import Forest, concatenate, single
from morphoflow.neurons.rebuild import DENDRITE, SOMA, rebuild, turn_cut
from morphoflow.neurons.rebuild_residual import Residual, fit_residual
from morphoflow.neurons.rebuild_tolerance import Walks, fit_tolerance, most_children

# Neurons that the tolerance is fitted on; more change it little and take longer.
FITTED = 96


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
