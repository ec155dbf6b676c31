"""Neurons as trees of sections on a device, and random views of them: pruned, moved, jittered."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from morphoflow.models.shared.turning import random_turns
from morphoflow.neurons.samples.sections import NAMES

# Columns of ``Trees.facts``: logs of length, path, contraction, both radii, and of the order.
N_FACTS = 6
SHORTEST_UM = 1e-3
PARENT, LENGTH = NAMES.index("parent"), NAMES.index("length_um")
WAY = [NAMES.index(f"{axis}_um") for axis in "xyz"]
RADII = [NAMES.index(f"{end}_radius_um") for end in ("begin", "end")]


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
        return Trees(*(part[rows] for part in self._parts()))

    def to(self, device: torch.device) -> "Trees":
        """The same on another device."""
        return Trees(*(part.to(device) for part in self._parts()))

    def _parts(self) -> tuple[Tensor, ...]:
        return self.ends, self.facts, self.parent, self.there


def coordinate_scale(x: Tensor, length: Tensor) -> float:
    """The root mean square (um) of the coordinates at which sections end, see :func:`trees`."""
    there, parent = _places(x, length)
    end = path_sums(x[..., WAY].double() * there[..., None], parent)[there]
    return max(float(end.square().mean().sqrt()), SHORTEST_UM)


def trees(x: Tensor, length: Tensor, settings: dict, scale: float) -> Trees:
    """The trees of sections ``x`` (n, sections, 11), of which neurons have ``length`` (n,).

    Columns are those of :mod:`morphoflow.neurons.samples.sections`. Of more than ``most_sections``
    of a neuron those stay that have most cable beyond them, which are one tree. Coordinates and
    lengths are over ``scale`` um. Without ``radii`` these are all 1.
    """
    there, parent = _places(x, length)
    way = x[..., WAY].double() * there[..., None]
    cable = x[..., LENGTH].double().clamp_min(SHORTEST_UM) * there
    sums = path_sums(torch.cat([way, torch.stack([cable, there.double()], 2)], 2), parent)
    end, path, depth = sums[..., :3], sums[..., 3], sums[..., 4]
    contraction = way.norm(dim=2) / cable.clamp_min(SHORTEST_UM)
    radii = x[..., RADII].double().clamp_min(SHORTEST_UM).log() * settings["radii"]
    facts = [
        (cable / scale).log1p(),
        (path / scale).log1p(),
        contraction.clamp(0.05, 1.0).log(),
        *radii.unbind(2),
        (depth - 1).clamp_min(0).log1p(),
    ]
    ends = torch.stack([end - way, end], 2) / scale
    kept = _most_beyond(subtree_sums(cable, parent), there, settings["most_sections"])
    return _chosen(Trees(ends.float(), torch.stack(facts, 2).float(), parent, there), kept)


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
    return there & (path_sums(cut[..., None].float(), parent)[..., 0] == 0)


# Sums along trees without a loop over sections: each round reaches twice as far up.


def path_sums(values: Tensor, parent: Tensor) -> Tensor:
    """The sums of ``values`` (n, m, k) over each section and those it goes on from, (n, m, k).

    ``parent`` (n, m) is -1 for stems.
    """
    total, up = torch.nn.functional.pad(values, (0, 0, 0, 1)), _above(parent)
    for _ in range(parent.shape[1].bit_length()):
        total = total + total.gather(1, up[..., None].expand(total.shape))
        up = up.gather(1, up)
    return total[:, :-1]


def subtree_sums(values: Tensor, parent: Tensor) -> Tensor:
    """The sums of ``values`` (n, m) over each section and all beyond it, (n, m)."""
    total, up = torch.nn.functional.pad(values, (0, 1)), _above(parent)
    for _ in range(parent.shape[1].bit_length()):
        total = total.scatter_add(1, up, total)
        up = up.gather(1, up)
    return total[:, :-1]


def _above(parent: Tensor) -> Tensor:
    """The parents (n, m + 1), where stems hang on one more place, which hangs on itself."""
    nowhere = parent.shape[1]
    return torch.nn.functional.pad(torch.where(parent < 0, nowhere, parent), (0, 1), value=nowhere)


def _places(x: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Which places (n, sections) hold a section, and the place of its parent, -1 for stems."""
    there = torch.arange(x.shape[1]) < length[:, None]
    return there, torch.where(there, x[..., PARENT], -1).long()


def _most_beyond(beyond: Tensor, there: Tensor, most: int) -> Tensor:
    """The places (n, up to ``most``), in order, with most cable ``beyond`` (n, sections) them.

    In ties the section nearer to the soma comes first, so that parents stay with their children.
    """
    order = torch.where(there, beyond, -1.0).argsort(dim=1, descending=True, stable=True)
    return order[:, :most].sort(dim=1).values


def _chosen(sets: Trees, kept: Tensor) -> Trees:
    """The sections at the places ``kept`` (n, k), which hold the parents of all of them."""
    place = torch.full_like(sets.parent, -1).scatter(
        1, kept, torch.arange(kept.shape[1]).expand(kept.shape)
    )
    up = sets.parent.gather(1, kept)
    ends, facts = (
        part.flatten(2).gather(1, kept[..., None].expand(*kept.shape, part[0, 0].numel()))
        for part in (sets.ends, sets.facts)
    )
    return Trees(
        ends.unflatten(2, (2, 3)),
        facts,
        torch.where(up < 0, -1, place.gather(1, up.clamp_min(0))),
        sets.there.gather(1, kept),
    )
