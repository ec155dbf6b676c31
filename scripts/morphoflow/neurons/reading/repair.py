"""Repairs and choices on a rooted neuron: compartments, coinciding nodes, radii."""

from dataclasses import replace

import numpy as np

from morphoflow.neurons.reading.swc import Table
from morphoflow.neurons.reading.tree import SOMA, Tree, contract, follow, own_if, root_of
from morphoflow.reading.findings import Finding, Refused

DEFAULT_RADIUS_UM = 0.1

TYPES = {"axon": 2, "dendrite": 3, "apical": 4}


def select_compartments(tree: Tree, compartments: list[str], notes: list[Finding]) -> Tree:
    """Keep the root, the soma and the named compartments: axon, dendrite, apical, other.

    ``other`` stands for all types but 1 to 4. A kept piece whose parent is left out hangs on its
    nearest kept ancestor by a bridge. Raises Refused if nothing but the root and the soma is left.
    """
    keep = _wanted(tree.compartment, compartments)
    keep[0] = True
    if keep[1:].sum() == (tree.compartment[1:] == SOMA).sum():
        asked = ", ".join(compartments)
        raise Refused("nothing_left", f"the file has no {asked} beside the soma", value=asked)
    if keep.all():
        return tree
    lost = ~keep
    length = float(tree.cable[lost].sum())
    message = f"{lost.sum()} nodes with {length:.3f} um of cable are of other compartments"
    notes.append(
        Finding("left_out", message, line=int(tree.line[np.argmax(lost)]), value=f"{length:.3f} um")
    )
    up = follow(own_if(keep, tree.parent))[tree.parent]
    up[0] = -1
    _note_reconnected(tree, up, keep, notes)
    bridge = tree.bridge | (up != tree.parent)
    return replace(tree, bridge=bridge).take(np.flatnonzero(keep), up)


def _wanted(compartment: np.ndarray, compartments: list[str]) -> np.ndarray:
    codes = [SOMA, *(TYPES[name] for name in compartments if name in TYPES)]
    wanted = np.isin(compartment, codes)
    if "other" in compartments:
        wanted |= ~np.isin(compartment, [SOMA, *TYPES.values()])
    return wanted


def _note_reconnected(tree: Tree, up: np.ndarray, keep: np.ndarray, notes: list[Finding]) -> None:
    moved = np.flatnonzero(keep & (up != tree.parent))
    if len(moved):
        length = float(np.linalg.norm(tree.xyz[moved] - tree.xyz[up[moved]], axis=1).sum())
        message = f"{len(moved)} pieces are reconnected by bridges of {length:.3f} um in all"
        line = int(tree.line[moved].min())
        notes.append(Finding("reconnected", message, line=line, value=f"{length:.3f} um"))


def merge_coinciding(tree: Tree, notes: list[Finding]) -> Tree:
    """Merge each node that lies exactly on its parent into the parent."""
    same = (tree.segment_length == 0) & (tree.parent >= 0)
    if not same.any():
        return tree
    n = int(same.sum())
    line = int(tree.line[same].min())
    notes.append(
        Finding("zero_length", f"{n} segments of zero length are merged", line=line, value=str(n))
    )
    return contract(tree, follow(own_if(~same, tree.parent)))


def fill_radii(tree: Tree, notes: list[Finding]) -> Tree:
    """Replace radii that are not positive and finite by ``DEFAULT_RADIUS_UM``."""
    radius = tree.radius.astype(np.float32)
    bad = ~(np.isfinite(radius) & (radius > 0))
    if not bad.any():
        return tree
    row = int(np.flatnonzero(bad)[np.argmin(tree.line[bad])])
    message = f"{bad.sum()} radii are replaced by {DEFAULT_RADIUS_UM} um"
    notes.append(
        Finding("bad_radius", message, line=int(tree.line[row]), value=f"{tree.radius[row]:g}")
    )
    return replace(tree, radius=np.where(bad, DEFAULT_RADIUS_UM, tree.radius))


def centre(tree: Tree) -> Tree:
    """Move the root to the origin and round to the float32 in which neurons are kept."""
    shifted = (tree.xyz - tree.xyz[0]).astype(np.float32)
    return replace(tree, xyz=shifted.astype(np.float64))


# From the ids of a node table to a tree, or the reason why it is none.


def link(table: Table, scale_um: np.ndarray, notes: list[Finding]) -> Tree:
    """Turn ids into rows and file units into um by ``scale_um`` (3,), the um per unit and axis.

    Radii scale with the geometric mean. Raises Refused for an id given twice with different
    content, a parent that does not exist, and a cycle.
    """
    rows = _distinct(table, notes)
    parent = _parent_rows(table.id[rows], table.parent[rows], table.line[rows])
    return Tree(
        xyz=table.xyz[rows] * scale_um,
        radius=table.radius[rows] * float(np.prod(scale_um)) ** (1 / 3),
        compartment=table.compartment[rows],
        parent=parent,
        line=table.line[rows],
        bridge=np.zeros(len(rows), dtype=bool),
    )


def _distinct(table: Table, notes: list[Finding]) -> np.ndarray:
    kept, first = np.unique(table.id, return_index=True)
    if len(kept) == len(table.id):
        return np.arange(len(kept))
    original = first[np.searchsorted(kept, table.id)]
    repeat = original != np.arange(len(original))
    columns = (table.compartment, table.radius, table.parent, *table.xyz.T)
    content = np.column_stack([column.astype(np.float64) for column in columns])
    alike = ((content == content[original]) | np.isnan(content)).all(axis=1)
    if not alike.all():
        row = int(np.argmin(alike))
        value = str(table.id[row])
        message = f"the id {value} was given to another node in line {table.line[original[row]]}"
        raise Refused("duplicate_id", message, line=int(table.line[row]), value=value)
    row = int(np.argmax(repeat))
    message = f"{repeat.sum()} repeated lines are read once"
    notes.append(
        Finding("repeated_line", message, line=int(table.line[row]), value=str(table.id[row]))
    )
    return np.flatnonzero(~repeat)


def _parent_rows(ids: np.ndarray, parent: np.ndarray, line: np.ndarray) -> np.ndarray:
    order = np.argsort(ids, kind="stable")
    place = np.minimum(np.searchsorted(ids, parent, sorter=order), len(ids) - 1)
    rows = np.where(parent == -1, -1, order[place])
    missing = (parent != -1) & (ids[order[place]] != parent)
    if missing.any():
        row = int(np.argmax(missing))
        more = f" ({missing.sum()} such lines)" if missing.sum() > 1 else ""
        value = str(parent[row])
        message = f"the parent {value} of node {ids[row]} does not exist{more}"
        raise Refused("missing_parent", message, line=int(line[row]), value=value)
    _refuse_cycle(rows, ids, line)
    return rows


def _refuse_cycle(parent: np.ndarray, ids: np.ndarray, line: np.ndarray) -> None:
    end = root_of(parent)
    astray = parent[end] != -1
    if astray.any():
        row = int(end[astray].min())
        message = f"the parents of node {ids[row]} lead back to itself"
        raise Refused("cycle", message, line=int(line[row]), value=str(ids[row]))
