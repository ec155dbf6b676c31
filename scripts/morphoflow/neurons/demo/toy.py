"""Toy neurons of known classes, grown as in Laturnus & Berens, ICML 2021, and harder ones.

A neuron grows breadth first from its soma in two to four directions. Each child lies one unit from
its parent in the fixed direction of its arm, turned about the z axis by a random angle, plus noise.
"""

from dataclasses import dataclass

import numpy as np

from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.reading.tree import path_sum

DIRECTIONS = {"up": 90, "right": 0, "down": -90, "left": 180}
NOISE = 0.01
EXTENT_UM = 10.0
EXTENT_SPREAD_UM = 0.2


@dataclass(frozen=True)
class Population:
    """A class of toy neurons.

    ``turn`` is the range of turning angles in degrees, lower end included; ``n_grown`` the number
    of nodes beside the soma. Each node has ``max(1, Poisson(mean_children))`` children, or, where
    ``n_tips`` is set, one or two such that each neuron has exactly that many tips.
    """

    name: str
    directions: tuple[str, ...]
    turn: tuple[int, int]
    n_grown: int
    mean_children: float = 0.0
    n_tips: int | None = None


SIDES = ("right", "left")
ALL_SIDES = ("up", "right", "down", "left")
POLES = ("up", "down")

TOY_SETS: dict[str, tuple[Population, ...]] = {
    "three": (
        Population("sparse", SIDES, (-50, 50), 199, 1),
        Population("bushy", SIDES, (-50, 50), 199, 2),
        Population("bent", SIDES, (-80, 100), 199, 3),
    ),
    "five": (
        Population("sparse_sides", SIDES, (-50, 50), 399, 1),
        Population("bushy_sides", SIDES, (-80, 80), 399, 2),
        Population("bushy_all", ALL_SIDES, (-80, 80), 399, 2),
        Population("sparse_poles", POLES, (-50, 50), 399, 1),
        Population("bushy_poles", POLES, (-80, 80), 399, 2),
    ),
    "equal_tips": (
        Population("straight", SIDES, (-40, 40), 199, n_tips=50),
        Population("winding", SIDES, (-80, 80), 199, n_tips=50),
        Population("veering", SIDES, (-20, 60), 199, n_tips=50),
    ),
}


def generate_toy_set(name: str, n_per_population: int, seed: int) -> tuple[Forest, np.ndarray]:
    """Generate a set of TOY_SETS: its neurons, population by population, and their labels (n,).

    The first neurons of a population do not depend on how many are asked for.
    """
    populations = TOY_SETS[name]
    streams = np.random.default_rng(seed).spawn(len(populations))
    forest = concatenate(
        [
            grow_population(population, n_per_population, rng, f"{name}_{population.name}")
            for population, rng in zip(populations, streams, strict=True)
        ]
    )
    return forest, np.repeat([population.name for population in populations], n_per_population)


def grow_population(
    population: Population, n: int, rng: np.random.Generator, prefix: str
) -> Forest:
    """Grow ``n`` neurons with ids ``<prefix>_0000`` and so on."""
    return concatenate([_grow(population, rng, f"{prefix}_{i:04d}") for i in range(n)])


def _grow(population: Population, rng: np.random.Generator, identifier: str) -> Forest:
    n_arms = len(population.directions)
    sizes = _shares(population.n_grown, n_arms)
    tips = [None] * n_arms if population.n_tips is None else _shares(population.n_tips, n_arms)
    arms = [_arm(population, *size, rng) for size in zip(sizes, tips, strict=True)]
    first = np.cumsum([0, *sizes[:-1]])
    shifted = [np.where(arm > 0, arm + start, 0) for arm, start in zip(arms, first, strict=True)]
    parent = np.concatenate([[-1], *shifted])
    angle = np.repeat([DIRECTIONS[name] for name in population.directions], sizes)
    angle = np.radians(angle + rng.integers(*population.turn, size=len(angle)))
    step = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(len(angle))])
    step += rng.normal(0, NOISE, size=step.shape)
    xyz = _rescaled(path_sum(parent, np.concatenate([np.zeros((1, 3)), step])), rng)
    return single(identifier, xyz, parent, 1.0, np.where(parent < 0, 1, 3))


def _arm(
    population: Population, n_grown: int, n_tips: int | None, rng: np.random.Generator
) -> np.ndarray:
    """The parents (n_grown,) of nodes ``1 ... n_grown`` that grow from node 0, breadth first."""
    if n_tips is None:
        n_children = np.maximum(1, rng.poisson(population.mean_children, size=n_grown))
    else:
        n_children = np.ones(n_grown + 1 - n_tips, dtype=np.int64)
        n_children[rng.permutation(len(n_children))[: n_tips - 1]] = 2
    return np.repeat(np.arange(len(n_children)), n_children)[:n_grown]


def _shares(total: int, n: int) -> list[int]:
    """``total`` in ``n`` whole shares, of which the last takes what is left over."""
    return [total // n] * (n - 1) + [total - total // n * (n - 1)]


def _rescaled(xyz: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stretch each axis to some 10 um, as published; the noise along z thereby fills the depth."""
    extent = rng.normal(EXTENT_UM, EXTENT_SPREAD_UM, size=3)
    scaled = xyz / np.ptp(xyz, axis=0) * extent
    return scaled - scaled[0]
