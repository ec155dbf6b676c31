"""From the ids of a node table to a tree, or the reason why it is none."""

import numpy as np

from morphoflow.neurons.findings import Finding, Refused
from morphoflow.neurons.swc import Table
from morphoflow.neurons.tree import Tree, root_of


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
        found = f"the id {value} was given to another node in line {table.line[original[row]]}"
        raise Refused("duplicate_id", found, int(table.line[row]), value)
    row = int(np.argmax(repeat))
    found = f"{repeat.sum()} repeated lines are read once"
    notes.append(Finding("repeated_line", found, int(table.line[row]), str(table.id[row])))
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
        found = f"the parent {value} of node {ids[row]} does not exist{more}"
        raise Refused("missing_parent", found, int(line[row]), value)
    _refuse_cycle(rows, ids, line)
    return rows


def _refuse_cycle(parent: np.ndarray, ids: np.ndarray, line: np.ndarray) -> None:
    end = root_of(parent)
    astray = parent[end] != -1
    if astray.any():
        row = int(end[astray].min())
        found = f"the parents of node {ids[row]} lead back to itself"
        raise Refused("cycle", found, int(line[row]), str(ids[row]))
