"""Neurons as trees of sections on a device, and random views of them: pruned, moved, jittered."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from morphoflow.models.shared.turning import random_turns
from morphoflow.neurons.samples.sections import section_table

# Columns of ``Trees.facts``: logs of length, path, contraction, both radii, and of the order.
N_FACTS = 6
SHORTEST_UM = 1e-3


@dataclass(frozen=True)
class Trees:
    """The sections of ``n`` neurons in ``m`` places each, on one device; parents come first.

    ``ends`` (n, m, 2, 3) are where each begins and ends seen from the soma, in the unit of the
    model; ``facts`` (n, m, 6) are what turning changes nothing of; ``parent`` (n, m) is the place
    of the section that it goes on from, -1 for stems; ``there`` (n, m) says which places hold one.
    """

    ends: Tensor
    facts: Tensor
    parent: Tensor
    there: Tensor

    def __len__(self) -> int:
        return len(self.there)

    def only(self, rows: Tensor) -> "Trees":
        """The neurons of ``rows`` (b,)."""
        return Trees(self.ends[rows], self.facts[rows], self.parent[rows], self.there[rows])


def coordinate_scale(x: np.ndarray, length: np.ndarray) -> float:
    """The root mean square (um) of the coordinates at which sections end."""
    table = section_table(x, length)
    end = _ends(table[["x_um", "y_um", "z_um"]].to_numpy(), table["parent"].to_numpy())
    return float(max(np.sqrt(np.mean(end**2)), SHORTEST_UM))


def trees(
    x: np.ndarray, length: np.ndarray, settings: dict, scale: float, device: torch.device
) -> Trees:
    """The trees of sections ``x`` (n, sections, 10), see :mod:`..neurons.samples.sections`.

    Of more than ``most_sections`` of a neuron those stay that have most cable beyond them, which
    are one tree. Coordinates and lengths are over ``scale`` um. Without ``radii`` these are all 1.
    """
    table = section_table(x, length)
    parent, neuron = table["parent"].to_numpy(), table["neuron"].to_numpy()
    way = table[["x_um", "y_um", "z_um"]].to_numpy()
    end = _ends(way, parent)
    cable = np.maximum(table["length_um"].to_numpy(), SHORTEST_UM)
    path, order, beyond = cable.copy(), np.zeros(len(parent)), cable.copy()
    for row in np.flatnonzero(parent >= 0):
        path[row] += path[parent[row]]
        order[row] = order[parent[row]] + 1
    for row in np.flatnonzero(parent >= 0)[::-1]:
        beyond[parent[row]] += beyond[row]
    chord = np.linalg.norm(way, axis=1)
    radii = np.maximum(table[["begin_radius_um", "end_radius_um"]].to_numpy().T, SHORTEST_UM)
    facts = np.stack(
        [
            np.log1p(cable / scale),
            np.log1p(path / scale),
            np.log(np.clip(chord / cable, 0.05, 1.0)),
            *(np.log(radii) if settings["radii"] else np.zeros_like(radii)),
            np.log1p(order),
        ],
        axis=1,
    )
    # Ties go to the section nearer to the soma, so that parents stay with their children.
    rank = np.lexsort((np.arange(len(parent)), -beyond, neuron))
    first = np.cumsum(length) - length
    kept = np.sort(rank[np.arange(len(parent)) - first[neuron] < settings["most_sections"]])
    return _padded(np.stack([end - way, end], axis=1) / scale, facts, parent, neuron, kept, device)


def two_views(sets: Trees, settings: dict, generator: torch.Generator) -> Trees:
    """Two random views of each neuron, all first ones (b) before all second ones.

    Subtrees are cut off at random, with ``prune`` the mean share of sections at which that happens;
    what is left is turned as ``turns`` says, scaled by a factor whose logarithm is at most
    ``scale_strength``, and its coordinates and facts are moved by noise of ``jitter``.
    """
    views = replace(
        sets,
        ends=sets.ends.repeat(2, 1, 1, 1),
        facts=sets.facts.repeat(2, 1, 1),
        parent=sets.parent.repeat(2, 1),
        there=pruned(sets, settings["prune"], generator),
    )
    n, device = len(views), views.ends.device
    motion = random_turns(settings["turns"], n, generator)
    log = (2 * torch.rand(n, generator=generator, device=device) - 1) * settings["scale_strength"]
    ends, facts = (
        of + settings["jitter"] * torch.randn(of.shape, generator=generator, device=device)
        for of in (
            torch.einsum("bmkj,bij->bmki", views.ends, motion * log.exp()[:, None, None]),
            views.facts,
        )
    )
    # Lengths and paths are logs of 1 + length, and grow with the scale.
    grown = [(facts[..., :2].expm1() * log.exp()[:, None, None]).clamp_min(-0.5).log1p()]
    return replace(views, ends=ends, facts=torch.cat([*grown, facts[..., 2:]], dim=2))


def pruned(sets: Trees, share: float, generator: torch.Generator) -> Tensor:
    """Which sections (2 b, m) are left in two views, each cut at up to twice a ``share`` of them.

    The first section of a neuron stays, so that none is left without any.
    """
    parent, there = sets.parent.repeat(2, 1), sets.there.repeat(2, 1)
    draws = torch.rand(there.shape, generator=generator, device=there.device)
    rate = 2 * share * torch.rand(len(there), 1, generator=generator, device=there.device)
    cut = draws < rate
    cut[:, 0] = False
    place = torch.arange(there.shape[1], device=there.device).expand_as(parent)
    up = torch.where(parent < 0, place, parent)
    for _ in range(there.shape[1].bit_length()):
        cut, up = cut | cut.gather(1, up), up.gather(1, up)
    return there & ~cut


def _ends(way: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Where sections (m,) end (m, 3), from the straight way along each."""
    end = way.copy()
    for row in np.flatnonzero(parent >= 0):
        end[row] += end[parent[row]]
    return end


def _padded(
    ends: np.ndarray,
    facts: np.ndarray,
    parent: np.ndarray,
    neuron: np.ndarray,
    kept: np.ndarray,
    device: torch.device,
) -> Trees:
    """The rows ``kept`` (k,) of all sections, those of each neuron in the first of its places."""
    n = int(neuron.max()) + 1
    count = np.bincount(neuron[kept], minlength=n)
    column = np.arange(len(kept)) - (np.cumsum(count) - count)[neuron[kept]]
    place = np.full(len(parent), -1)
    place[kept] = column
    shape = (n, int(count.max()))

    def spread(values: np.ndarray, fill: float, dtype: torch.dtype) -> Tensor:
        filled = np.full((*shape, *values.shape[1:]), fill, dtype=np.float64)
        filled[neuron[kept], column] = values
        return torch.from_numpy(filled).to(device, dtype)

    up = np.where(parent[kept] < 0, -1, place[parent[kept]])
    return Trees(
        spread(ends[kept], 0, torch.float32),
        spread(facts[kept], 0, torch.float32),
        spread(up, -1, torch.int64),
        spread(np.ones(len(kept)), 0, torch.bool),
    )
