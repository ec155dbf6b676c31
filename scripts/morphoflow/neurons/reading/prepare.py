"""SWC files in, neurons ready for sampling out, with a table of all that was found."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.reading.join import Joining, one_tree
from morphoflow.neurons.reading.repair import (
    centre,
    fill_radii,
    link,
    merge_coinciding,
    select_compartments,
)
from morphoflow.neurons.reading.soma import collapse_soma
from morphoflow.neurons.reading.sources import Source, list_sources
from morphoflow.neurons.reading.swc import parse
from morphoflow.neurons.reading.tree import Tree
from morphoflow.reading.findings import Codes, Finding, Refused
from morphoflow.reading.quality import Report, quality_table

# What can be said about an SWC file.
CODES: Codes = {
    "extra_columns": ("info", "columns after the seventh are not read"),
    "scale_header": ("info", "a SCALE line in the header is not applied: set the units instead"),
    "no_soma": ("info", "no node of type 1, so the root stands for the soma"),
    "extra_soma": ("info", "nodes of type 1 away from the soma are read as neurite"),
    "three_point_soma": ("info", "the three-point soma of NeuroMorpho.Org is one node"),
    "left_out": ("info", "nodes of compartments that were not asked for are left out"),
    "repeated_line": ("repaired", "a node written twice alike is read once"),
    "negative_parent": ("repaired", "a negative parent other than -1 is read as -1"),
    "unknown_type": ("repaired", "a type outside 0 to 255 is read as 0 (undefined)"),
    "contour_soma": ("repaired", "the outline of the soma becomes one node"),
    "multi_point_soma": ("repaired", "the cylinders of the soma become one node"),
    "moved_root": ("repaired", "the root moves to the soma"),
    "joined_tree": ("repaired", "a further tree hangs on the nearest node of the main tree"),
    "dropped_tree": ("repaired", "a further tree is left out"),
    "reconnected": ("repaired", "pieces that lost their parent hang on the nearest kept ancestor"),
    "bridges": ("info", "bridges join the trees of a file for walks, and no measure counts them"),
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
    "distant_tree": ("refused", "correct the file, set `largest_bridge_um`, or set roots to join"),
    "two_cells": ("refused", "give each cell a file of its own, or set roots to largest"),
    "nothing_left": ("refused", "choose compartments that the file has or remove the file"),
    "same_neuron": ("refused", "keep one of the two files"),
}

# What is measured of a file, as it is read and as it is prepared.
MEASURED = {
    "n_nodes_read": "Int64",
    "cable_length_read_um": "float64",
    "n_nodes": "Int64",
    "cable_length_um": "float64",
    "n_bridges": "Int64",
    "bridge_length_um": "float64",
}

UM_PER_UNIT = {"um": 1.0, "nm": 1e-3}


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
    joining: Joining


def read_neurons(
    parts: Sequence[Part],
    *,
    compartments: list[str],
    roots: str,
    largest_bridge_um: float | None = None,
    on_bad_input: str,
) -> tuple[Forest, pd.DataFrame]:
    """Read the neurons of all files of all parts, in the order given; their stems are the ids.

    ``compartments`` are any of axon, dendrite, apical, other; ``roots`` is ``join``, ``refuse`` or
    ``largest``, and ``largest_bridge_um`` as in :func:`one_tree`. A refused file
    stops the reading (``on_bad_input="stop"``: InputError with file, line, value and remedy) or is
    left out and listed (``"skip"``). Returns the neurons, each with its soma at the origin, and the
    quality table.
    """
    sources = list_sources([file for part in parts for file in part.files])
    scale_um = {Path(file): part.scale_um for part in parts for file in part.files}
    plan = Preparation(compartments, Joining(roots, largest_bridge_um))
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
    neuron = single(source.id, tree.xyz, tree.parent, tree.radius, tree.compartment, tree.bridge)
    report.measured["n_nodes"] = len(tree.parent)
    report.measured["cable_length_um"] = float(neuron.cable_length[0])
    _measure_bridges(neuron, report)
    return neuron


def _measure_bridges(neuron: Forest, report: Report) -> None:
    """Write the number and length of the bridges into the report, with their share as finding."""
    n, length = int(neuron.bridge.sum()), float(neuron.bridge_length[0])
    report.measured.update({"n_bridges": n, "bridge_length_um": length})
    if n:
        share = length / (length + float(neuron.cable_length[0]))
        message = f"{n} bridges of {length:.3f} um, {share:.1%} of cable and bridges, count nowhere"
        report.findings.append(Finding("bridges", message, value=f"{share:.4f}"))


def _repaired(tree: Tree, plan: Preparation, notes: list[Finding]) -> Tree:
    tree, soma = collapse_soma(tree, notes)
    tree = centre(one_tree(tree, soma, plan.joining, notes))
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
