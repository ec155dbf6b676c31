"""The nodes of new sections: persistent walks that bend as much as the real ones they are like."""

from dataclasses import dataclass

import numpy as np

from morphoflow.forest import Forest, single
from morphoflow.models.topological_synthesis.pool import Pool, turned, unit
from morphoflow.neurons.samples.resample import pieces_of

SOMA = 1
# Halvings of the interval in which the strength of the bends is looked for, from 0 to STRONGEST.
HALVINGS, STRONGEST = 14, 10.0
# Most and least correlation of one segment's bend with the next one's.
SMOOTHEST, ROUGHEST = 0.999, -0.9
# Times that the persistence is corrected by the turns that it gives.
CORRECTIONS = 4


@dataclass(frozen=True, eq=False)
class Sections:
    """The m sections of a new neuron, those nearer to the soma first; units as in :class:`Pool`.

    ``like`` (m,) is the real section that each takes its contraction, turns and taper from.
    """

    parent: np.ndarray
    length: np.ndarray
    heir: np.ndarray
    like: np.ndarray
    direction: np.ndarray


def cable(
    identifier: str, pool: Pool, sections: Sections, spacing_um: float, rng: np.random.Generator
) -> Forest:
    """The neuron with nodes along its sections, the soma at the origin.

    Each section has its length and direction, and the contraction and turns of the real one that it
    is like; its radius tapers as that of the real one does.
    """
    like, parent = sections.like, sections.parent
    steps = pieces_of(sections.length, spacing_um)
    contraction = np.where(steps == 1, 1.0, pool.contraction[like])
    bends = bent(steps, contraction, pool.turn[like], sections.direction, rng)
    along = np.cumsum(bends * (sections.length / steps)[:, None, None], axis=1)
    begin = _begins(parent, along[np.arange(len(steps)), steps - 1])
    radius = _radii(pool, sections)
    section, step = np.nonzero(np.arange(bends.shape[1]) < steps[:, None])
    share = (step / np.maximum(steps - 1, 1)[section])[:, None]
    first = 1 + np.cumsum(steps) - steps
    before = np.where(parent < 0, 0, (first + steps - 1)[parent])
    up = np.where(step == 0, before[section], np.arange(len(step)))
    return single(
        identifier,
        np.concatenate([np.zeros((1, 3)), begin[section] + along[section, step]]),
        np.concatenate([[-1], up]),
        np.concatenate([[_soma_radius(radius, parent)], _between(radius[section], share)]),
        np.concatenate([[SOMA], pool.compartment[like][section]]),
    )


def bent(
    steps: np.ndarray,
    contraction: np.ndarray,
    turn_rad: np.ndarray,
    direction: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Unit vectors (m, most steps, 3) along m sections, 0 beyond their number of ``steps``.

    They follow ``direction`` (m, 3) with bends that are a first-order autoregressive process, so
    strong that the straight way is the share ``contraction`` of the cable, and so persistent that
    the mean turn is about ``turn_rad``; where it would be larger, bends are weaker. Their sum has
    exactly that direction.
    """
    inside = np.arange(steps.max()) < steps[:, None]
    noise = rng.standard_normal((*inside.shape, 3))
    # Small bends of variance v lose the share v of the length, and turn by sqrt(pi (1 - r) v).
    fresh = turn_rad**2 / (np.pi * np.maximum(1 - contraction, 1e-6))
    for _ in range(CORRECTIONS):
        persistence = np.clip(1 - fresh, ROUGHEST, SMOOTHEST)
        bend = _bends(noise, persistence, direction, inside)
        strength = _strength(direction, bend, contraction, inside)
        way = _steps(direction, bend, strength, inside)
        excess = _mean_turn(way, steps) / np.maximum(turn_rad, 1e-3)
        fresh = (1 - persistence) / np.maximum(excess, 1e-3) ** 2
    # In few segments both are not always to be had, so that each gives way to the other.
    way = _steps(direction, bend, strength / np.sqrt(np.maximum(excess, 1.0)), inside)
    return turned(unit(way.sum(axis=1))[:, None], direction[:, None], way)


def _bends(
    noise: np.ndarray, persistence: np.ndarray, direction: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Autoregressive bends (m, most steps, 3) across each direction, of sum 0 in each section."""
    bend = np.empty_like(noise)
    bend[:, 0] = noise[:, 0]
    fresh = np.sqrt(1 - persistence**2)[:, None]
    for step in range(1, noise.shape[1]):
        bend[:, step] = persistence[:, None] * bend[:, step - 1] + fresh * noise[:, step]
    bend -= (bend * direction[:, None]).sum(axis=2, keepdims=True) * direction[:, None]
    bend *= inside[..., None]
    return bend - bend.sum(axis=1, keepdims=True) / inside.sum(axis=1)[:, None, None]


def _strength(
    direction: np.ndarray, bend: np.ndarray, contraction: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """How strong bends (m,) must be for the straight way to be the given share of the cable."""
    steps = inside.sum(axis=1)
    low, high = np.zeros(len(steps)), np.full(len(steps), STRONGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        straight = np.linalg.norm(_steps(direction, bend, middle, inside).sum(axis=1), axis=1)
        too_straight = straight > contraction * steps
        low, high = np.where(too_straight, middle, low), np.where(too_straight, high, middle)
    return low


def _mean_turn(way: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The mean turn in radians along each section, 0 for one segment."""
    cosine = np.clip((way[:, 1:] * way[:, :-1]).sum(axis=2), -1, 1)
    turns = np.arange(way.shape[1] - 1) < steps[:, None] - 1
    return (np.arccos(cosine) * turns).sum(axis=1) / np.maximum(steps - 1, 1)


def _steps(
    direction: np.ndarray, bend: np.ndarray, strength: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    return unit(direction[:, None] + strength[:, None, None] * bend) * inside[..., None]


def _begins(parent: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Where each section begins (m, 3), from the ways (m, 3) from begin to end of each."""
    begin = np.zeros_like(way)
    for section in np.flatnonzero(parent >= 0):
        begin[section] = begin[parent[section]] + way[parent[section]]
    return begin


def _radii(pool: Pool, sections: Sections) -> np.ndarray:
    """Radii (m, 2) at both ends, within those of the pool."""
    real, parent = sections.like, sections.parent
    taper = pool.end_radius[real] / pool.begin_radius[real]
    step = pool.begin_radius[real] / pool.end_radius[np.maximum(pool.parent[real], 0)]
    thinnest, thickest = pool.end_radius.min(), pool.begin_radius.max()
    radius = np.empty((len(parent), 2))
    for section, up in enumerate(parent):
        begin = radius[up, 1] * step[section] if up >= 0 else pool.begin_radius[real[section]]
        radius[section] = np.clip([begin, begin * taper[section]], thinnest, thickest)
    return radius


def _between(radius: np.ndarray, share: np.ndarray) -> np.ndarray:
    return radius[:, 0] * (1 - share[:, 0]) + radius[:, 1] * share[:, 0]


def _soma_radius(radius: np.ndarray, parent: np.ndarray) -> float:
    """The soma is as thick as the thickest of its stems at least."""
    return float(radius[parent < 0, 0].max())
