"""Stochastic growth of class IV arbors.

Tips switch between growth, pause and shrinkage, branches appear at random along the cable, tips
turn back where they touch cable: the agent-based model of Shree et al., Science Advances 2022
(doi:10.1126/sciadv.abn0080). Rates and speeds are those that the authors' program
Directed_Rod_Simulation has for 24 h after egg laying; persistence is that of their program sabt.
Their contact distances are 0.15 and 0.4 um, their branching rate 0.00954 per um and minute beside
an early excess. The defaults of ``Growth`` lie between and above, chosen, as are first lengths,
territory and tension, for statistics near those of 16 real images. In tracings of these, side
branches leave at 72 degrees on average (sd 25, n = 598). Tracings of arbors branched at 90 degrees
without a spread have an sd of 21, with a spread of 20 one of 24.
"""

from dataclasses import dataclass

import numpy as np

from morphoflow.dendrites.simulator.cable import NODE_UM, Place, empty_cable
from morphoflow.dendrites.simulator.tips import (
    GROWING,
    PAUSED,
    SHRINKING,
    Rules,
    grow,
    no_tips,
)
from morphoflow.dendrites.simulator.tree import Tree, relax, tree_of
from morphoflow.errors import InputError

RATES = np.array([[0.0, 0.784, 0.640], [0.335, 0.0, 0.314], [0.598, 0.946, 0.0]])
SPEEDS = np.array([[0.410, 0.360], [0.0, 0.339], [0.354, 0.375]])
RETREAT_UM_PER_MIN = 1.5
STEP_MIN = 0.1
MARGIN_UM = 5.0
WIDENING_UM_PER_MIN = 100 / (20 * 60) / 2


@dataclass(frozen=True)
class Growth:
    """The biology: lengths in um, times in minutes, ``branching_rate`` per um and minute.

    ``contact_um`` 0 lets tips pass through cable. ``primaries`` is the least and the largest number
    of primary branches and ``first_um`` the mean length that they have at the start;
    ``territory_um`` is the mean diameter of the region that the arbor may fill, ``offset_um`` the
    sd along each axis of the soma's distance from its middle; ``tension`` is how far branches are
    pulled straight in the end, in nodes of some 0.8 um; ``neighbours`` is the mean number of
    branches that enter the field from other neurons. Side branches leave at ``angle`` with the sd
    ``angle_spread``, in degrees. ``growing``, ``shrinking`` and ``pausing`` multiply the speeds of
    tips that grow and shrink and the rates at which they pause, measured at 24 h after egg laying.
    """

    minutes: float = 230.0
    branching_rate: float = 0.0125
    contact_um: float = 0.2
    persistence_um: float = 100.0
    primaries: tuple[int, int] = (3, 5)
    first_um: float = 50.0
    territory_um: float = 110.0
    tension: float = 3.5
    offset_um: float = 10.0
    neighbours: float = 1.0
    angle: float = 90.0
    angle_spread: float = 20.0
    growing: float = 1.0
    shrinking: float = 1.0
    pausing: float = 1.0


@dataclass(frozen=True, eq=False)
class Arbor:
    """A grown tree, its soma's semi-axes and angle (um, um, radians) and the field's middle (2,).

    The soma lies at the origin, y points down as in images; ``middle`` is in um.
    """

    tree: Tree
    soma: np.ndarray
    middle: np.ndarray


def grow_arbor(growth: Growth, field_um: float, rng: np.random.Generator) -> Arbor:
    """Grow the arbor of one neuron, and what neighbours send into a field of ``field_um``."""
    soma = np.array([rng.uniform(5.5, 9.0), rng.uniform(4.0, 6.0), rng.uniform(0, np.pi)])
    territory = _territory(growth, rng)
    middle = territory[:2] + rng.normal(0, 0.25 * growth.offset_um, size=2)
    sprouts = np.vstack([_primaries(growth, soma, rng), _neighbours(growth, middle, field_um, rng)])
    sprouts = sprouts[np.argsort(sprouts[:, 3], kind="stable")]
    reach = max(territory[2:4].max() + WIDENING_UM_PER_MIN * growth.minutes, field_um / 2)
    reach += np.abs(middle - territory[:2]).max() + soma.max() + MARGIN_UM
    square = max(growth.contact_um, 2 * NODE_UM)
    cable = empty_cable(territory[:2] - reach, territory[:2] + reach, square)
    tips = no_tips()
    place = Place(territory, soma)
    if not grow(cable, tips, sprouts, _rules(growth), place, growth.minutes, rng):
        raise InputError(
            f"an arbor of {growth.minutes} minutes with branching_rate {growth.branching_rate} "
            "outgrows the memory set aside; lower one of them."
        )
    tree = relax(tree_of(cable), growth.tension)
    return Arbor(tree, soma, middle)


def _rules(growth: Growth) -> Rules:
    rates, speeds = RATES.copy(), SPEEDS.copy()
    rates[:, PAUSED] *= growth.pausing
    speeds[GROWING, 0] += np.log(growth.growing)
    speeds[SHRINKING, 0] += np.log(growth.shrinking)
    return Rules(
        rates=rates,
        speed=speeds,
        turn=float(np.sqrt(2 * NODE_UM / growth.persistence_um)),
        contact=float(growth.contact_um),
        retreat=RETREAT_UM_PER_MIN,
        branching=float(growth.branching_rate),
        angle=float(np.radians(growth.angle)),
        angle_spread=float(np.radians(growth.angle_spread)),
        step=STEP_MIN,
    )


def _territory(growth: Growth, rng: np.random.Generator) -> np.ndarray:
    """Middle x, y, semi-axes at the start, angle; the mean semi-axis is reached at the end."""
    last = growth.territory_um / 2 * np.exp(rng.normal(0, 0.15, size=2))
    first = np.maximum(last - WIDENING_UM_PER_MIN * growth.minutes, 1.0)
    middle = rng.normal(0, growth.offset_um, size=2)
    return np.array([*middle, *first, WIDENING_UM_PER_MIN, rng.uniform(0, np.pi)])


def _primaries(growth: Growth, soma: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    least, most = growth.primaries
    number = rng.integers(least, most + 1)
    spread = (np.arange(number) + rng.uniform(-0.3, 0.3, size=number)) * 2 * np.pi / number
    angle = spread + rng.uniform(0, 2 * np.pi)
    local = angle - soma[2]
    radius = 1.02 / np.hypot(np.cos(local) / soma[0], np.sin(local) / soma[1])
    zero = np.zeros(number)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    return np.column_stack([x, y, angle, zero, zero, _first_lengths(growth, number, rng)])


def _neighbours(
    growth: Growth, middle: np.ndarray, field_um: float, rng: np.random.Generator
) -> np.ndarray:
    """Branches that enter at the field's border, in the second half of the time."""
    number = rng.poisson(growth.neighbours)
    side = rng.integers(4, size=number) * np.pi / 2
    along = rng.uniform(-0.5, 0.5, size=number) * field_um
    out = field_um / 2 + 1.0
    x = middle[0] + out * np.cos(side) - along * np.sin(side)
    y = middle[1] + out * np.sin(side) + along * np.cos(side)
    heading = side + np.pi + rng.uniform(-0.8, 0.8, size=number)
    start = rng.uniform(0.5, 0.9, size=number) * growth.minutes
    length = _first_lengths(growth, number, rng)
    return np.column_stack([x, y, heading, start, np.ones(number), length])


def _first_lengths(growth: Growth, number: int, rng: np.random.Generator) -> np.ndarray:
    return growth.first_um * rng.uniform(0.6, 1.4, size=number)
