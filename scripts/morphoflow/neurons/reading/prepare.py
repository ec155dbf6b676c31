"""SWC files in, neurons ready for sampling out, with a table of all that was found."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from morphoflow.errors import InputError
from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.reading.repair import (
    centre,
    fill_radii,
    link,
    merge_coinciding,
    select_compartments,
)
from morphoflow.neurons.reading.resample import resample
from morphoflow.neurons.reading.soma import collapse_soma
from morphoflow.neurons.reading.sources import Source, list_sources
from morphoflow.neurons.reading.swc import parse
from morphoflow.neurons.reading.tree import Tree, root_of, rooted
from morphoflow.reading.findings import Codes, Finding, Refused
from morphoflow.reading.guard import check_size, refusing
from morphoflow.reading.quality import Report, quality_table

# What can be said about an SWC file.
CODES: Codes = {
    "extra_columns": ("info", "columns after the seventh are not read"),
    "scale_header": ("info", "a SCALE line in the header is not applied: set the units instead"),
    "no_soma": ("info", "no node of type 1, so the root stands for the soma"),
    "extra_soma": ("info", "nodes of type 1 away from the soma are read as neurite"),
    "left_out": ("info", "nodes of compartments that were not asked for are left out"),
    "repeated_line": ("repaired", "a node written twice alike is read once"),
    "negative_parent": ("repaired", "a negative parent other than -1 is read as -1"),
    "unknown_type": ("repaired", "a type outside 0 to 255 is read as 0 (undefined)"),
    "three_point_soma": ("repaired", "the three-point soma of NeuroMorpho.Org becomes one node"),
    "contour_soma": ("repaired", "the outline of the soma becomes one node"),
    "multi_point_soma": ("repaired", "the cylinders of the soma become one node"),
    "moved_root": ("repaired", "the root moves to the soma"),
    "joined_tree": ("repaired", "a further tree is joined to the nearest node of the main tree"),
    "dropped_tree": ("repaired", "a further tree is left out"),
    "reconnected": ("repaired", "pieces that lost their parent hang on the nearest kept ancestor"),
    "zero_length": ("repaired", "nodes at the place of their parent are merged with it"),
    "bad_radius": ("repaired", "a radius that is not positive and finite is replaced"),
    "unreadable_file": ("refused", "copy the file anew"),
    "empty_file": ("refused", "export the neuron anew or remove the file"),
    "too_few_columns": ("refused", "give the line seven columns: id type x y z radius parent"),
    "not_a_number": ("refused", "correct the line"),
    "decimal_comma": ("refused", "write decimals with a point"),
    "not_an_integer": ("refused", "write ids, types and parents as whole numbers"),
    "bad_coordinate": ("refused", "correct the coordinate"),
    "duplicate_id": ("refused", "give each node an id of its own"),
    "missing_parent": ("refused", "add the parent's line, or write -1 to start a tree there"),
    "cycle": ("refused", "correct the parents so that each path ends at a root"),
    "too_long": ("refused", "correct its coordinates or units, or set a larger `resample_um`"),
    "nothing_left": ("refused", "choose compartments that the file has or remove the file"),
    "same_neuron": ("refused", "keep one of the two files"),
}

# What is measured of a file, as it is read and as it is prepared (repaired, perhaps resampled).
MEASURED = {
    "n_nodes_read": "Int64",
    "cable_length_read_um": "float64",
    "n_nodes": "Int64",
    "cable_length_um": "float64",
}

UM_PER_UNIT = {"um": 1.0, "nm": 1e-3}

NODE_BYTES = 170  # that a node takes while it is resampled (162 measured)


@dataclass(frozen=True)
class Part:
    """Files whose coordinates have one unit: ``um``, ``nm`` or ``voxel`` of ``voxel_size_um`` (3,).

    ``files`` are ``.swc`` files and ``.zip`` archives of such.
    """

    files: Sequence[Path]
    units: str = "um"
    voxel_size_um: Sequence[float] = (1.0, 1.0, 1.0)

    @property
    def scale_um(self) -> np.ndarray:
        """The um in one unit along x, y and z, (3,)."""
        if self.units == "voxel":
            return np.asarray(self.voxel_size_um, dtype=np.float64)
        return np.full(3, UM_PER_UNIT[self.units])


@dataclass(frozen=True)
class Preparation:
    """What is to be made of each file; see :func:`read_neurons`."""

    compartments: list[str]
    resample_um: float
    roots: str


def read_neurons(
    parts: Sequence[Part],
    *,
    compartments: list[str],
    resample_um: float,
    roots: str,
    on_bad_input: str,
) -> tuple[Forest, pd.DataFrame]:
    """Read the neurons of all files of all parts, in the order given; their stems are the ids.

    ``compartments`` are any of axon, dendrite, apical, other; ``resample_um`` is the spacing of
    nodes along the cable, 0 to keep them; ``roots`` is ``join`` or ``largest``. A refused file
    stops the reading (``on_bad_input="stop"``: InputError with file, line, value and remedy) or is
    left out and listed (``"skip"``). Returns the neurons, each with its soma at the origin, and the
    quality table.
    """
    sources = list_sources([file for part in parts for file in part.files])
    scale_um = {Path(file): part.scale_um for part in parts for file in part.files}
    plan = Preparation(compartments, resample_um, roots)
    reports, neurons = [], []
    first_with: dict[bytes, str] = {}
    for source in sources:
        report = Report(source.name, CODES, source.id)
        reports.append(report)
        try:
            neurons.append(_neuron(source, scale_um[source.path], plan, first_with, report))
        except Refused as refused:
            report.findings.append(refused.finding)
    _stop_if_refused(reports, on_bad_input)
    return concatenate(neurons), quality_table(reports, MEASURED, lines=True)


def _neuron(
    source: Source,
    scale_um: np.ndarray,
    plan: Preparation,
    first_with: dict[bytes, str],
    report: Report,
) -> Forest:
    notes = report.findings
    tree = link(parse(source.read(), notes), scale_um, notes)
    report.measured["n_nodes_read"] = len(tree.parent)
    report.measured["cable_length_read_um"] = float(tree.segment_length.sum())
    tree = _repaired(tree, plan, notes)
    _refuse_same(tree, source, first_with)
    if plan.resample_um > 0:
        tree = _resampled(tree, plan.resample_um, source.name)
    neuron = single(source.id, tree.xyz, tree.parent, tree.radius, tree.compartment)
    report.measured["n_nodes"] = len(tree.parent)
    report.measured["cable_length_um"] = float(neuron.cable_length[0])
    return neuron


def _resampled(tree: Tree, spacing_um: float, file: str) -> Tree:
    """The tree with nodes at even spacing; raises Refused where memory has no room for them."""
    with refusing("too_long", "it cannot be resampled"):
        n = tree.segment_length.sum() / spacing_um
        check_size(n * NODE_BYTES, f"{n:,.0f} nodes, one every {spacing_um:g} um of cable", file)
        return resample(tree, spacing_um)


def _repaired(tree: Tree, plan: Preparation, notes: list[Finding]) -> Tree:
    tree, soma = collapse_soma(tree, notes)
    tree = centre(one_tree(tree, soma, plan.roots, notes))
    tree = select_compartments(tree, plan.compartments, notes)
    return fill_radii(merge_coinciding(tree, notes), notes)


def _refuse_same(tree: Tree, source: Source, first_with: dict[bytes, str]) -> None:
    geometry = _digest(tree)
    if geometry in first_with:
        other = first_with[geometry]
        raise Refused("same_neuron", f"the geometry is that of {other}", value=other)
    first_with[geometry] = source.name


def _digest(tree: Tree) -> bytes:
    """The same for all files with equal segments, whatever their ids, order, types and radii."""
    segments = np.column_stack([tree.xyz[1:], tree.xyz[tree.parent[1:]]]).astype(np.float32)
    segments = segments + np.float32(0)  # -0 and 0 are one place
    order = np.lexsort(segments.T)
    return hashlib.sha256(np.ascontiguousarray(segments[order])).digest()


def _stop_if_refused(reports: list[Report], on_bad_input: str) -> None:
    refused = [report for report in reports if report.refusals]
    if not refused or (on_bad_input == "skip" and len(refused) < len(reports)):
        return
    finding = refused[0].refusals[0]
    line = "" if finding.line is None else f", line {finding.line}"
    skip = "" if len(refused) == len(reports) else " or set on_bad_input to skip"
    raise InputError(
        f"{refused[0].file}{line}: {finding.sentence(CODES)}{skip} "
        f"({len(refused)} of {len(reports)} files are refused)."
    )


# Several trees in one file become one neuron, with the soma as its root.


def one_tree(tree: Tree, soma: int | None, roots: str, notes: list[Finding]) -> Tree:
    """One tree with its root as node 0: the soma, or without one the root of the main tree.

    ``roots`` is ``join`` (each further tree is joined at its nearest pair of nodes, the nearest
    tree first, to the tree of the soma or else the one with most cable) or ``largest`` (the tree
    with most cable stays, the others are left out).
    """
    top = root_of(tree.parent)
    tops = np.unique(top)
    cable = np.bincount(top, weights=tree.segment_length)[tops]
    main = int(tops[np.argmax(cable)])
    bridges = np.empty((0, 2), dtype=np.int64)
    if roots == "join":
        main = main if soma is None else int(top[soma])
        bridges = _bridges(tree, top, main, notes)
    else:
        _note_dropped(tree, tops, cable, main, notes)
    root = main
    if soma is None or top[soma] != main:
        notes.append(Finding("no_soma", "the root stands for the soma", line=int(tree.line[main])))
    elif soma != main:
        root = soma
        notes.append(Finding("moved_root", "the root moves to the soma", line=int(tree.line[soma])))
    return rooted(tree, root, bridges)


def _note_dropped(
    tree: Tree, tops: np.ndarray, cable: np.ndarray, main: int, notes: list[Finding]
) -> None:
    for top, length in zip(tops.tolist(), cable.tolist(), strict=True):
        if top != main:
            message = f"a further tree with {length:.3f} um of cable is left out"
            line = int(tree.line[top])
            notes.append(Finding("dropped_tree", message, line=line, value=f"{length:.3f} um"))


def _bridges(tree: Tree, top: np.ndarray, main: int, notes: list[Finding]) -> np.ndarray:
    """Edges (k, 2) that join all trees to the main one, each time the one that is nearest."""
    away = np.full(len(top), np.inf)
    nearest = np.full(len(top), -1)
    waiting = np.flatnonzero(top != main)
    newest, edges = main, []
    while len(waiting):
        anchors = np.flatnonzero(top == newest)
        distance, which = cKDTree(tree.xyz[anchors]).query(tree.xyz[waiting])
        closer = distance < away[waiting]
        away[waiting[closer]] = distance[closer]
        nearest[waiting[closer]] = anchors[which[closer]]
        start = waiting[np.argmin(away[waiting])]
        edges.append((start, nearest[start]))
        newest = top[start]
        waiting = waiting[top[waiting] != newest]
        message = f"a further tree is joined by a bridge of {away[start]:.3f} um"
        line = int(tree.line[newest])
        notes.append(Finding("joined_tree", message, line=line, value=f"{away[start]:.3f} um"))
    return np.array(edges, dtype=np.int64).reshape(-1, 2)
