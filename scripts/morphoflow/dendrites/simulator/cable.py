"""The cable of growing arbors: nodes at one spacing, found by place and drawn at random."""

from typing import NamedTuple

import numpy as np
from numba import njit

CAPACITY = 400_000

NODE_UM = 0.2

LIVE, FREE = 0, 1


class Cable(NamedTuple):
    """Nodes in slots that are used again; roots have parent -1 and depth 0.

    ``x``, ``y`` in um and ``heading`` in radians; ``children`` counts; ``cell`` is the neuron that
    owns the node. ``live[:counts[LIVE]]`` lists the slots in use, ``place`` is where a slot stands
    in it, ``free`` stacks the slots given back. ``head`` (rows, columns), ``after`` and ``before``
    chain the nodes of each square of ``square`` um of a grid that starts at ``origin``.
    """

    x: np.ndarray
    y: np.ndarray
    heading: np.ndarray
    parent: np.ndarray
    depth: np.ndarray
    children: np.ndarray
    cell: np.ndarray
    live: np.ndarray
    place: np.ndarray
    free: np.ndarray
    counts: np.ndarray
    head: np.ndarray
    after: np.ndarray
    before: np.ndarray
    origin: np.ndarray
    square: float


def empty_cable(low: np.ndarray, high: np.ndarray, square: float) -> Cable:
    """A cable without nodes on a grid from ``low`` (2,) to ``high`` (2,) in um."""
    columns, rows = np.ceil((high - low) / square).astype(np.int64) + 1
    reals = [np.empty(CAPACITY) for _ in range(3)]
    links = [np.empty(CAPACITY, dtype=np.int32) for _ in range(9)]
    parent, depth, children, cell, live, place, free, after, before = links
    return Cable(
        *reals,
        parent=parent,
        depth=depth,
        children=children,
        cell=cell,
        live=live,
        place=place,
        free=free,
        counts=np.zeros(2, dtype=np.int64),
        head=np.full((rows, columns), -1, dtype=np.int32),
        after=after,
        before=before,
        origin=np.asarray(low, dtype=np.float64),
        square=float(square),
    )


@njit(cache=True)
def square_of(cable, x, y):
    """Row and column of the grid square at a place in um; they may lie outside the grid."""
    row = int(np.floor((y - cable.origin[1]) / cable.square))
    column = int(np.floor((x - cable.origin[0]) / cable.square))
    return row, column


@njit(cache=True)
def add_node(cable, x, y, heading, parent, cell):
    """Take a slot for a node inside the grid and return it."""
    counts = cable.counts
    if counts[FREE] > 0:
        counts[FREE] -= 1
        node = cable.free[counts[FREE]]
    else:
        node = counts[LIVE]
    cable.x[node], cable.y[node], cable.heading[node] = x, y, heading
    cable.parent[node], cable.children[node], cable.cell[node] = parent, 0, cell
    cable.depth[node] = 0
    if parent >= 0:
        cable.children[parent] += 1
        cable.depth[node] = cable.depth[parent] + 1
    cable.live[counts[LIVE]], cable.place[node] = node, counts[LIVE]
    counts[LIVE] += 1
    row, column = square_of(cable, x, y)
    first = cable.head[row, column]
    cable.after[node], cable.before[node] = first, -1
    if first >= 0:
        cable.before[first] = node
    cable.head[row, column] = node
    return node


@njit(cache=True)
def remove_node(cable, node):
    """Give back the slot of a node without children."""
    counts = cable.counts
    if cable.parent[node] >= 0:
        cable.children[cable.parent[node]] -= 1
    counts[LIVE] -= 1
    last = cable.live[counts[LIVE]]
    cable.live[cable.place[node]], cable.place[last] = last, cable.place[node]
    cable.free[counts[FREE]] = node
    counts[FREE] += 1
    after, before = cable.after[node], cable.before[node]
    if after >= 0:
        cable.before[after] = before
    if before >= 0:
        cable.after[before] = after
    else:
        row, column = square_of(cable, cable.x[node], cable.y[node])
        cable.head[row, column] = after


@njit(cache=True)
def touches(cable, node, x, y, distance, kin):
    """Whether a place that continues ``node`` is nearer than ``distance`` to foreign cable.

    Cable within ``kin`` nodes along the tree is not foreign. ``distance`` is at most a square.
    """
    row, column = square_of(cable, x, y)
    rows, columns = cable.head.shape
    for i in range(max(row - 1, 0), min(row + 2, rows)):
        for j in range(max(column - 1, 0), min(column + 2, columns)):
            other = cable.head[i, j]
            while other >= 0:
                gap = (cable.x[other] - x) ** 2 + (cable.y[other] - y) ** 2
                if gap < distance**2 and not _related(cable, node, other, kin):
                    return True
                other = cable.after[other]
    return False


@njit(cache=True)
def _related(cable, a, b, kin):
    steps = 0
    while a != b and steps <= kin:
        if cable.depth[a] < cable.depth[b]:
            a, b = b, a
        if cable.parent[a] < 0:
            return False
        a = cable.parent[a]
        steps += 1
    return a == b


# Where tips may be: in a growing territory, outside the soma.


class Place(NamedTuple):
    """Where tips of cell 0 may be: in a growing ellipse, outside the soma's ellipse at the origin.

    ``territory``: centre x, y, semi-axes at the start, growth of a semi-axis per minute, angle;
    ``soma``: semi-axes and angle (um, radians).
    """

    territory: np.ndarray
    soma: np.ndarray


@njit(cache=True)
def barred(cable, x, y, cell, place, now):
    """Whether a tip of ``cell`` may not be at ``x``, ``y`` (um) in the minute ``now``.

    Nothing grows off the grid or into the soma; cell 0 alone is held by its territory.
    """
    row, column = square_of(cable, x, y)
    rows, columns = cable.head.shape
    if not (1 <= row < rows - 1 and 1 <= column < columns - 1):
        return True
    major, minor, angle = place.soma
    if _radius(x, y, major, minor, angle) < 1:
        return True
    x0, y0, major, minor, widening, angle = place.territory
    wide = _radius(x - x0, y - y0, major + widening * now, minor + widening * now, angle)
    return cell == 0 and wide > 1


@njit(cache=True)
def _radius(x, y, major, minor, angle):
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    return np.sqrt((along / major) ** 2 + (across / minor) ** 2)
