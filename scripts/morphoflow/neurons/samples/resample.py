"""Nodes at even spacing along each unbranched section, for walks: measures take the file's own."""

import numpy as np

from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.tree import path_sum
from morphoflow.neurons.reading.tree import follow, own_if
from morphoflow.reading.guard import check_size

NODE_BYTES = 170  # that a node takes while it is made (162 measured)


def resample(forest: Forest, spacing_um: float) -> Forest:
    """Replace the nodes within sections by evenly spaced ones; with 0 um the nodes stay.

    A section runs from the soma, a branch point or an end of a bridge to the next such node or
    tip; those nodes stay. It is cut into the whole number of equal pieces, at least one, that comes
    nearest to ``spacing_um`` along the cable. A new node has the compartment of the segment it is
    on, and its place and radius by linear interpolation. Raises InputError where memory has no room
    for the nodes.
    """
    if spacing_um == 0:
        return forest
    _check_room(forest, spacing_um)
    parent, step_um = forest.parent_row, forest.distance_to_parent
    child = np.flatnonzero(parent >= 0)
    section, start, end = _sections(parent, forest.bridge)
    along = path_sum(parent, step_um)
    length = along[end] - along[start]
    pieces = pieces_of(length, spacing_um)
    new_section = np.repeat(np.arange(len(end)), pieces)
    before = np.cumsum(pieces) - pieces
    step = np.arange(len(new_section)) - before[new_section] + 1

    place = along[child] - along[start][section]
    wanted = length[new_section] * step / pieces[new_section]
    at = _first_not_before(place, section, wanted, new_section)
    node = child[at]
    at_end = step == pieces[new_section]
    node[at_end] = end
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1 - (place[at] - wanted) / step_um[node]
    share[at_end] = 1.0

    # Each neuron's root comes before its new nodes.
    root, owner = forest.offsets[:-1], forest.owner
    new_row = np.empty(len(parent), dtype=np.int64)
    count = 1 + np.bincount(owner[end], weights=pieces, minlength=forest.n).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(count)])
    new_row[root] = offsets[:-1]
    new_row[end] = before + pieces + owner[end]
    row = np.arange(len(step)) + 1 + owner[node]
    up = np.where(step == 1, new_row[start][new_section], row - 1) - offsets[owner[node]]
    return _interpolated(forest, offsets, row, node, share, up)


def mean_spacing(forest: Forest) -> float:
    """The mean distance in um of the nodes of all neurons along their cable, to three digits."""
    length = forest.segment_length
    return float(f"{length[length > 0].mean():.3g}")


def pieces_of(length: np.ndarray, spacing_um: float) -> np.ndarray:
    """The number of pieces into which sections of each length are cut."""
    return np.maximum(1, np.rint(length / spacing_um)).astype(np.int64)


def section_lengths(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """The node at which each section ends, and the section's length in um."""
    parent = forest.parent_row
    _, start, end = _sections(parent, forest.bridge)
    along = path_sum(parent, forest.distance_to_parent)
    return end, along[end] - along[start]


def _check_room(forest: Forest, spacing_um: float) -> None:
    cable = np.bincount(forest.owner, weights=forest.distance_to_parent, minlength=forest.n)
    n = cable.sum() / spacing_um
    what = f"{n:,.0f} nodes, one every {spacing_um:g} um of cable (resample_um),"
    check_size(n * NODE_BYTES, what, f"neuron '{forest.ids[np.argmax(cable)]}' and others")


def _sections(parent: np.ndarray, bridge: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The section of each node but the roots, the start and the end node of each section."""
    child = np.flatnonzero(parent >= 0)
    stays = np.bincount(parent[child], minlength=len(parent)) != 1
    stays |= bridge | (parent < 0)
    stays[parent[bridge]] = True
    inside = child[~stays[parent[child]]]
    only_child = np.arange(len(parent))
    only_child[parent[inside]] = inside
    end = np.flatnonzero(stays & (parent >= 0))
    start = follow(own_if(stays, parent))[parent[end]]
    return np.searchsorted(end, follow(only_child)[child]), start, end


def _first_not_before(
    place: np.ndarray, section: np.ndarray, wanted: np.ndarray, wanted_section: np.ndarray
) -> np.ndarray:
    """The index in ``place`` that is at or after each wanted place in the wanted section."""
    # One sort serves all sections, and what it finds in one does not depend on the others.
    everywhere = np.concatenate([section, wanted_section])
    is_node = np.repeat([True, False], [len(place), len(wanted)])
    order = np.lexsort((is_node, np.concatenate([place, wanted]), everywhere))
    nodes_before = np.cumsum(is_node[order])[~is_node[order]]
    index = np.empty(len(wanted), dtype=np.int64)
    index[order[~is_node[order]] - len(place)] = nodes_before
    last = np.cumsum(np.bincount(section)) - 1
    return order[is_node[order]][np.minimum(index, last[wanted_section])]


def _interpolated(
    forest: Forest,
    offsets: np.ndarray,
    row: np.ndarray,
    node: np.ndarray,
    share: np.ndarray,
    up: np.ndarray,
) -> Forest:
    """The roots, and in each ``row`` a point at ``share`` of the way to ``node``."""
    values = np.column_stack([forest.xyz, forest.radius]).astype(np.float64)
    above = values[forest.parent_row[node]]
    between = above + (values[node] - above) * share[:, None]
    between[share == 1.0] = values[node[share == 1.0]]
    n, root = int(offsets[-1]), offsets[:-1]
    source = np.empty(n, dtype=np.int64)
    source[root], source[row] = forest.offsets[:-1], node
    xyzr = values[source]
    xyzr[row] = between
    parent = np.full(n, -1, dtype=np.int32)
    parent[row] = up
    return Forest(
        ids=forest.ids,
        offsets=offsets,
        xyz=xyzr[:, :3].astype(np.float32),
        radius=xyzr[:, 3].astype(np.float32),
        parent=parent,
        compartment=forest.compartment[source],
        bridge=forest.bridge[source],
    )
