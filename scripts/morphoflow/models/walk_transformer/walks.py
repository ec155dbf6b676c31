"""The walks of neurons as lines of equally many nodes, and random views of them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from morphoflow.models.morphvae.walks import walk_table
from morphoflow.models.shared.turning import random_turns


@dataclass(frozen=True)
class WalkSets:
    """The distinct walks of ``n`` neurons in ``m`` places each, on one device.

    ``lines`` (n, m, nodes, 3) are coordinates in the unit of the model, evenly spaced along each
    walk from its first node to its last; ``weight`` (n, m) is how often a walk occurs, 0 in places
    without one, which come after all others.
    """

    lines: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.weight)

    def only(self, rows: Tensor) -> "WalkSets":
        """The neurons of ``rows`` (b,)."""
        return WalkSets(self.lines[rows], self.weight[rows])


def walk_sets(
    x: np.ndarray, length: np.ndarray, n_nodes: int, scale: float, device: torch.device
) -> WalkSets:
    """The sets of walks ``x`` (n, walks, steps, 3) in um, of ``length`` (n, walks), over scale."""
    table = walk_table(x, length, scale, device)
    return WalkSets(even_lines(table.x, table.length, n_nodes), table.weight)


def even_lines(x: Tensor, length: Tensor, n_nodes: int) -> Tensor:
    """Walks ``x`` (..., steps, 3) as lines (..., n_nodes, 3), by linear interpolation.

    Nodes lie at even shares of the ``length`` (...) - 1 steps, the first and last where the walk
    begins and ends; of a walk with one node all lie there.
    """
    share = torch.linspace(0, 1, n_nodes, device=x.device)
    at = (length[..., None] - 1) * share
    below = at.floor().long()
    above = torch.minimum(below + 1, (length[..., None] - 1))
    near, far = (x.gather(-2, i[..., None].expand(*i.shape, 3)) for i in (below, above))
    return torch.lerp(near, far, (at - below)[..., None])


def two_views(sets: WalkSets, most: int, generator: torch.Generator) -> WalkSets:
    """Two disjoint random parts of each neuron's walks, at most ``most`` in each.

    The first parts (b of them) come before the second ones. A neuron with a single walk has it in
    both.
    """
    n, m = sets.weight.shape
    order = torch.rand(n, m, generator=generator, device=sets.weight.device)
    order = order.masked_fill(sets.weight == 0, torch.inf).argsort(1)
    second = order[:, 1::2] if m > 1 else order
    alone = (sets.weight > 0).sum(1, keepdim=True) == 1
    second = torch.where(alone, order[:, :1], second)
    views = [_chosen(sets, places[:, :most]) for places in (order[:, ::2], second)]
    # The only walk of a neuron fills all places of its second view; one is enough.
    views[1].weight[:, 1:].masked_fill_(alone, 0)
    width = min(views[0].weight.shape[1], views[1].weight.shape[1])
    return WalkSets(
        torch.cat([view.lines[:, :width] for view in views]),
        torch.cat([view.weight[:, :width] for view in views]),
    )


def moved(lines: Tensor, settings: dict, generator: torch.Generator) -> Tensor:
    """The lines (b, m, nodes, 3), of each neuron by one random turn, mirroring and scaling.

    Turned as ``turns`` says, see :func:`morphoflow.models.shared.turning.random_turns`; scaled by a
    factor whose logarithm is at most ``scale_strength``; and every node moved by noise of the
    standard deviation ``jitter``.
    """
    n, device = len(lines), lines.device
    motion = random_turns(settings["turns"], n, generator)
    draw = torch.rand(n, generator=generator, device=device)
    factor = ((2 * draw - 1) * settings["scale_strength"]).exp()
    noise = torch.randn(lines.shape, generator=generator, device=device)
    motion = motion * factor[:, None, None]
    return torch.einsum("bmtj,bij->bmti", lines, motion) + settings["jitter"] * noise


def _chosen(sets: WalkSets, places: Tensor) -> WalkSets:
    index = places[..., None, None].expand(*places.shape, *sets.lines.shape[2:])
    return WalkSets(sets.lines.gather(1, index), sets.weight.gather(1, places))
