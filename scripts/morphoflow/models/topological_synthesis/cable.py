"""The nodes of new sections, which bend and turn as much as real ones do."""

from dataclasses import dataclass

import numpy as np
from scipy.fft import idct

from morphoflow.forest import Forest, single
from morphoflow.models.topological_synthesis.pool import Pool, turned, unit
from morphoflow.neurons.reading.tree import path_sum
from morphoflow.neurons.samples.resample import pieces_of

SOMA = 1
# Bends are waves whose power falls with a power of their number: from bends that alternate to arcs.
ROUGHEST, SMOOTHEST = -2.0, 6.0
# Halvings of that interval; corrections of the strength of bends, and the most that it can be.
HALVINGS, CORRECTIONS, STRONGEST = 7, 5, 10.0
# Loss of length below which a section is straight.
STRAIGHT = 1e-9


@dataclass(frozen=True, eq=False)
class Sections:
    """The m sections of a new neuron, those nearer to the soma first; units as in :class:`Pool`.

    ``like`` (m,) is the real section that each takes its taper and its place at the branch point
    from, ``shape`` (m,) the one of about its length whose segments and bends it takes.
    """

    parent: np.ndarray
    length: np.ndarray
    like: np.ndarray
    shape: np.ndarray
    direction: np.ndarray


def cable(identifier: str, pool: Pool, sections: Sections, rng: np.random.Generator) -> Forest:
    """The neuron with nodes along its sections, the soma at the origin.

    Each section has its length and direction, the contraction and turns of the real one that has
    its shape, and turns from the section before as the real one that it is like; its radius tapers
    as that of the latter does.
    """
    like, shape, parent = sections.like, sections.shape, sections.parent
    steps = pieces_of(sections.length, pool.step[shape])
    bends = bent(steps, pool.contraction[shape], pool.turn[shape], sections.direction, rng)
    bends = joined(bends, steps, sections, pool.fork_turn[like])
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

    They follow ``direction`` (m, 3) with bends that are waves of random size, so strong that the
    straight way is the share ``contraction`` of the cable, and so long that the mean turn is
    ``turn_rad``; where even an arc would turn more, bends are weaker. Their sum has exactly that
    direction.
    """
    inside = np.arange(steps.max()) < steps[:, None]
    waves = rng.standard_normal((*inside.shape, 3))
    waves -= (waves * direction[:, None]).sum(axis=2, keepdims=True) * direction[:, None]
    low, high = np.full(len(steps), ROUGHEST), np.full(len(steps), SMOOTHEST)
    for _ in range(HALVINGS):
        power = (low + high) / 2
        bend = _bends(waves, power, steps)
        strength = _strength(direction, bend, contraction, inside)
        turn = _mean_turn(_steps(direction, bend, strength, inside), steps)
        low, high = np.where(turn > turn_rad, power, low), np.where(turn > turn_rad, high, power)
    # In few segments both are not always to be had, so that each gives way to the other.
    excess = np.maximum(turn / np.maximum(turn_rad, 1e-3), 1.0)
    way = _steps(direction, bend, strength / np.sqrt(excess), inside)
    return turned(unit(way.sum(axis=1))[:, None], direction[:, None], way)


def _bends(waves: np.ndarray, power: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Bends (m, most steps, 3) of mean square about 1 and of sum 0 in each section.

    Wave k has the size of ``waves`` over ``k ** (power / 2)``.
    """
    bend = np.zeros_like(waves)
    for n in np.unique(steps[steps > 1]):
        rows = np.flatnonzero(steps == n)
        share = np.arange(1, n) ** -power[rows, None]
        size = np.sqrt(n * share / share.sum(axis=1, keepdims=True))
        coefficient = np.zeros((len(rows), n, 3))
        coefficient[:, 1:] = size[..., None] * waves[rows, 1:n]
        bend[rows, :n] = idct(coefficient, axis=1, norm="ortho")
    return bend


def _strength(
    direction: np.ndarray, bend: np.ndarray, contraction: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """How strong bends (m,) must be for the straight way to be the given share of the cable."""
    # Of what is 1 for cable as long as its straight way, most grows as the square of the strength.
    asked, steps = 1 / contraction**2 - 1, inside.sum(axis=1)
    strength = np.sqrt(asked)
    for _ in range(CORRECTIONS):
        straight = np.linalg.norm(_steps(direction, bend, strength, inside).sum(axis=1), axis=1)
        found = (steps / np.maximum(straight, STRAIGHT)) ** 2 - 1
        strength *= np.where(found > STRAIGHT, np.sqrt(asked / np.maximum(found, STRAIGHT)), 1.0)
        strength = np.minimum(strength, STRONGEST)
    return strength


def _mean_turn(way: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The mean turn in radians along each section, 0 for one segment."""
    cosine = np.clip((way[:, 1:] * way[:, :-1]).sum(axis=2), -1, 1)
    turns = np.arange(way.shape[1] - 1) < steps[:, None] - 1
    return (np.arccos(cosine) * turns).sum(axis=1) / np.maximum(steps - 1, 1)


def _steps(
    direction: np.ndarray, bend: np.ndarray, strength: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    return unit(direction[:, None] + strength[:, None, None] * bend) * inside[..., None]


def joined(
    way: np.ndarray, steps: np.ndarray, sections: Sections, fork_turn_rad: np.ndarray
) -> np.ndarray:
    """The vectors ``way`` of :func:`bent`, each section rolled about its own direction.

    Of all rolls it has one after which its first segment turns by ``fork_turn_rad`` (m,) from the
    last one before it, or as nearly by that as any; of two such rolls, that which leads farther
    from the other sections of the branch point. Stems keep theirs.
    """
    way, parent, direction = way.copy(), sections.parent, sections.direction
    children = np.zeros_like(direction)
    inner = np.flatnonzero(parent >= 0)
    np.add.at(children, parent[inner], direction[inner])
    level = path_sum(parent, np.ones(len(parent)))
    for depth in range(1, int(level.max()) + 1):
        rows = np.flatnonzero(level == depth)
        up, axis, first = parent[rows], direction[rows], way[rows, 0]
        rolls = _rolls(first, axis, way[up, steps[up] - 1], np.cos(fork_turn_rad[rows]))
        others = children[up] - axis
        near = [(_rolled(first, axis, roll[:, None]) * others).sum(axis=1) for roll in rolls]
        roll = np.where(near[0] < near[1], *rolls)
        way[rows] = _rolled(way[rows], axis[:, None], roll[:, None, None])
    return way


def _rolls(
    first: np.ndarray, axis: np.ndarray, before: np.ndarray, cosine: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The two angles (m,) about ``axis`` by which ``first`` has that ``cosine`` with ``before``."""
    along = (first * axis).sum(axis=1, keepdims=True) * axis
    across = first - along
    even = (across * before).sum(axis=1)
    odd = (np.cross(axis, across) * before).sum(axis=1)
    most = np.maximum(np.hypot(even, odd), STRAIGHT)
    half = np.arccos(np.clip((cosine - (along * before).sum(axis=1)) / most, -1, 1))
    middle = np.arctan2(odd, even)
    return middle + half, middle - half


def _rolled(v: np.ndarray, axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """The vectors turned about unit ``axis`` (Rodrigues)."""
    along = (v * axis).sum(axis=-1, keepdims=True) * axis
    return along + np.cos(angle) * (v - along) + np.sin(angle) * np.cross(axis, v)


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
