"""Tips that grow, shrink and pause, branch off at random and turn back where they touch cable."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.dendrites.simulator.cable import (
    CAPACITY,
    FREE,
    LIVE,
    NODE_UM,
    add_node,
    barred,
    remove_node,
    touches,
)

GROWING, PAUSED, SHRINKING = 0, 1, 2
MOST_TIPS = 50_000


class Rules(NamedTuple):
    """What tips obey, in um and minutes.

    ``rates`` (3, 3) from state to state per minute; ``speed`` (3, 2) mean and sd, of the logarithm
    but for pauses; ``turn`` sd in radians a node; ``contact`` um (0: tips pass through);
    ``retreat`` um/min after a contact; ``branching`` per um and minute, at an ``angle`` to the stem
    with the sd ``angle_spread`` (radians).
    """

    rates: np.ndarray
    speed: np.ndarray
    turn: float
    contact: float
    retreat: float
    branching: float
    angle: float
    angle_spread: float
    step: float


class Tips(NamedTuple):
    """Tips ``0 ... count[0]``: last node, state, velocity in um/min, um beyond the last node."""

    node: np.ndarray
    state: np.ndarray
    velocity: np.ndarray
    beyond: np.ndarray
    count: np.ndarray


def no_tips() -> Tips:
    """Room for tips."""
    node, state = np.empty((2, MOST_TIPS), dtype=np.int64)
    velocity, beyond = np.empty((2, MOST_TIPS))
    return Tips(node, state, velocity, beyond, np.zeros(1, dtype=np.int64))


@njit(cache=True)
def grow(cable, tips, sprouts, rules, place, minutes, rng):
    """Let arbors grow for ``minutes``; False if there was no room for them.

    ``sprouts`` (k, 6): x, y, heading, minute, cell and first length of the primary branches, which
    start again when they have shrunk to nothing.
    """
    started = 0
    for index in range(round(minutes / rules.step)):
        now = index * rules.step
        while started < len(sprouts) and sprouts[started, 3] <= now:
            _sprout(cable, tips, sprouts[started], rules, place, rng)
            started += 1
        _move_tips(cable, tips, rules, place, now, rng)
        _branch(cable, tips, rules, place, now, rng)
        if cable.counts[LIVE] + cable.counts[FREE] > CAPACITY // 2:
            return False
        if tips.count[0] > MOST_TIPS // 2:
            return False
    return True


@njit(cache=True)
def _move_tips(cable, tips, rules, place, now, rng):
    tip = tips.count[0] - 1
    while tip >= 0:
        _switch(tips, tip, rules, rng)
        tips.beyond[tip] += tips.velocity[tip] * rules.step
        if tips.beyond[tip] >= NODE_UM:
            _extend(cable, tips, tip, rules, place, now, rng)
        elif tips.beyond[tip] < 0 and not _retract(cable, tips, tip, rules, rng):
            last = tips.count[0] - 1
            tips.node[tip], tips.state[tip] = tips.node[last], tips.state[last]
            tips.velocity[tip], tips.beyond[tip] = tips.velocity[last], tips.beyond[last]
            tips.count[0] = last
        tip -= 1


@njit(cache=True)
def _switch(tips, tip, rules, rng):
    draw = rng.random() / rules.step
    for state in range(3):
        draw -= rules.rates[tips.state[tip], state]
        if draw < 0:
            tips.state[tip] = state
            tips.velocity[tip] = _velocity(state, rules, rng)
            return


@njit(cache=True)
def _velocity(state, rules, rng):
    value = rng.normal(rules.speed[state, 0], rules.speed[state, 1])
    if state == PAUSED:
        return value
    return np.exp(value) if state == GROWING else -np.exp(value)


@njit(cache=True)
def _extend(cable, tips, tip, rules, place, now, rng):
    while tips.beyond[tip] >= NODE_UM:
        heading = cable.heading[tips.node[tip]] + rng.normal(0.0, rules.turn)
        node = _next_node(cable, tips.node[tip], heading, rules, place, now)
        if node < 0:
            tips.state[tip], tips.velocity[tip] = SHRINKING, -rules.retreat
            tips.beyond[tip] = 0.0
            return
        tips.node[tip] = node
        tips.beyond[tip] -= NODE_UM


@njit(cache=True)
def _retract(cable, tips, tip, rules, rng):
    while tips.beyond[tip] < 0:
        node = tips.node[tip]
        up = cable.parent[node]
        remove_node(cable, node)
        tips.node[tip] = up
        tips.beyond[tip] += NODE_UM
        if cable.children[up] > 0:
            return False
        if cable.parent[up] < 0:
            _start(cable, tips, up, rules, rng)
            return False
    return True


@njit(cache=True)
def _sprout(cable, tips, sprout, rules, place, rng):
    x, y, heading, minute, cell, length = sprout
    root = add_node(cable, x, y, heading, -1, int(cell))
    tip = _start(cable, tips, root, rules, rng)
    tips.beyond[tip] = length
    _extend(cable, tips, tip, rules, place, minute, rng)


@njit(cache=True)
def _start(cable, tips, root, rules, rng):
    heading = cable.heading[root]
    x = cable.x[root] + NODE_UM * np.cos(heading)
    y = cable.y[root] + NODE_UM * np.sin(heading)
    return _new_tip(tips, add_node(cable, x, y, heading, root, cable.cell[root]), rules, rng)


@njit(cache=True)
def _new_tip(tips, node, rules, rng):
    tip = tips.count[0]
    tips.node[tip], tips.state[tip], tips.beyond[tip] = node, GROWING, 0.0
    tips.velocity[tip] = _velocity(GROWING, rules, rng)
    tips.count[0] = tip + 1
    return tip


@njit(cache=True)
def _branch(cable, tips, rules, place, now, rng):
    length = cable.counts[LIVE] * NODE_UM
    for _ in range(rng.poisson(rules.branching * length * rules.step)):
        base = cable.live[int(rng.random() * cable.counts[LIVE])]
        angle = rng.normal(rules.angle, rules.angle_spread)
        heading = cable.heading[base] + (angle if rng.random() < 0.5 else -angle)
        if cable.children[base] == 1 and cable.parent[base] >= 0:
            node = _next_node(cable, base, heading, rules, place, now)
            if node >= 0:
                _new_tip(tips, node, rules, rng)


@njit(cache=True)
def _next_node(cable, node, heading, rules, place, now):
    x = cable.x[node] + NODE_UM * np.cos(heading)
    y = cable.y[node] + NODE_UM * np.sin(heading)
    cell = cable.cell[node]
    if barred(cable, x, y, cell, place, now):
        return -1
    kin = int(3 * rules.contact / NODE_UM)
    if rules.contact > 0 and touches(cable, node, x, y, rules.contact, kin):
        return -1
    return add_node(cable, x, y, heading, node, cell)
