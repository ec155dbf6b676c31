"""Sections of trees: where each runs between soma, branch points and tips, and how bent."""

import numpy as np
import pandas as pd

from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.table import mean
from morphoflow.neurons.morphometrics.tree import (
    child_table,
    path_sum,
    section_ends,
    section_heads,
)

NAMES = [
    "parent",
    "compartment",
    "x_um",
    "y_um",
    "z_um",
    "length_um",
    "steps",
    "turn_deg",
    "fork_turn_deg",
    "begin_radius_um",
    "end_radius_um",
]


def sections(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """The sections of each neuron, those nearer to the soma first.

    A section runs from the soma or a branch point to the next branch point or tip; one that starts
    at the soma is a stem, with the ``parent`` -1, and others have the row of the section that they
    go on from. ``x_um`` and so on are the straight way from its start to its end, ``length_um`` is
    along the cable, ``steps`` its segments, ``turn_deg`` the mean turn from one to the next, 0 for
    a single one, and ``fork_turn_deg`` the turn from the last segment before it to its first, 0 for
    stems; radii are of its first node beyond the start and of its last. Bridges count as cable, so
    that a neuron is one tree.

    Returns ``x`` (n, most sections, 11) float32, columns as in ``NAMES``, and ``length`` (n,)
    int32, the number of sections; ``x`` is 0 beyond the length.
    """
    up, owner, xyz = forest.parent_row, forest.owner, forest.xyz.astype(np.float64)
    start, child = child_table(up)
    head = section_heads(up, start)
    end = np.flatnonzero((up >= 0) & (np.diff(start) != 1))
    section_of_end = np.full(len(up), -1)
    section_of_end[end] = np.arange(len(end))
    length = np.bincount(owner[end], minlength=forest.n)
    first = (np.cumsum(length) - length)[owner[end]]
    parent = section_of_end[head[end]]
    along = path_sum(up, forest.distance_to_parent)
    depth = path_sum(up, (up >= 0).astype(np.float64))
    last, begin = section_ends(start, child), np.zeros(len(up), dtype=np.int64)
    beside_head = np.flatnonzero((up >= 0) & (up == head))
    begin[last[beside_head]] = beside_head
    turn, after = _turns(forest), np.flatnonzero((up >= 0) & (head != up))
    columns = [
        np.where(parent < 0, -1, parent - first),
        forest.compartment[end],
        *(xyz[end] - xyz[head[end]]).T,
        along[end] - along[head[end]],
        depth[end] - depth[head[end]],
        mean(turn[after], last[after], len(up))[end],
        turn[begin[end]],
        forest.radius[begin[end]],
        forest.radius[end],
    ]
    x = np.zeros((forest.n, max(1, length.max()), len(NAMES)), dtype=np.float32)
    x[owner[end], np.arange(len(end)) - first] = np.stack(columns, axis=1)
    return x, length.astype(np.int32)


def section_table(x: np.ndarray, length: np.ndarray) -> pd.DataFrame:
    """Sections of :func:`sections` as one table, a row each.

    ``neuron`` is the row of its neuron, and ``parent`` now the row in the table, -1 for stems.
    """
    rows = np.arange(x.shape[1]) < length[:, None]
    table = pd.DataFrame(x[rows].astype(np.float64), columns=NAMES)
    table.insert(0, "neuron", np.nonzero(rows)[0])
    first = (np.cumsum(length) - length)[table["neuron"]]
    parent = table["parent"].to_numpy().astype(np.int64)
    table["parent"] = np.where(parent < 0, -1, parent + first)
    return table


def _turns(forest: Forest) -> np.ndarray:
    """The turn in degrees at each node's parent, from one segment to the next; 0 at roots."""
    up, xyz = forest.parent_row, forest.xyz.astype(np.float64)
    before, segment = np.maximum(up, 0), np.zeros_like(xyz)
    segment[up >= 0] = (xyz - xyz[before])[up >= 0]
    u, v = segment, segment[before]
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1)))
