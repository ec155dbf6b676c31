"""Files of neurons in, neurons ready for sampling out, with a table of all that was found."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.reading.formats import asc_table, neuroml_table, skeleton_table
from morphoflow.neurons.reading.join import Joining, one_tree
from morphoflow.neurons.reading.repair import (
    centre,
    fill_radii,
    link,
    merge_coinciding,
    select_compartments,
)
from morphoflow.neurons.reading.soma import collapse_soma
from morphoflow.neurons.reading.sources import Source, hidden_names, is_unread, list_sources
from morphoflow.neurons.reading.swc import Table, parse
from morphoflow.neurons.reading.tree import Tree, longest_usual
from morphoflow.reading.findings import Codes, Finding, Refused
from morphoflow.reading.quality import Report, quality_row, quality_table, with_rows

# What can be said about a file.
CODES: Codes = {
    "extra_columns": ("info", "columns after the seventh are not read"),
    "scale_header": ("info", "a SCALE line in the header is not applied: set the units instead"),
    "unit_header": ("info", "a unit in the header is not applied: set the units instead"),
    "no_soma": ("info", "no node of type 1, so the root stands for the soma"),
    "extra_soma": ("info", "nodes of type 1 away from the soma are read as neurite"),
    "three_point_soma": ("info", "the three-point soma of NeuroMorpho.Org is one node"),
    "left_out": ("info", "nodes of compartments that were not asked for are left out"),
    "tail": ("info", "NUL and Ctrl-Z bytes at the end of the text are not read"),
    "zero_parent": ("repaired", "a parent 0 where no node has this id is read as -1"),
    "repeated_line": ("repaired", "a node written twice alike is read once"),
    "negative_parent": ("repaired", "a negative parent other than -1 is read as -1"),
    "unknown_type": ("repaired", "a type outside 0 to 255 is read as 0 (undefined)"),
    "contour_soma": ("repaired", "the outline of the soma becomes one node"),
    "multi_point_soma": ("repaired", "the cylinders of the soma become one node"),
    "moved_root": ("repaired", "the root moves to the soma"),
    "joined_tree": ("repaired", "a further tree hangs on the nearest node of the main tree"),
    "dropped_tree": ("repaired", "a further tree is left out"),
    "cut_ring": ("repaired", "rings of a skeleton are cut where they are longest"),
    "reconnected": ("repaired", "pieces that lost their parent hang on the nearest kept ancestor"),
    "bridges": ("info", "bridges join the trees of a file for walks, and no measure counts them"),
    "long_segment": ("info", "a segment far longer than the others counts as cable: look at it"),
    "zero_length": ("repaired", "nodes at the place of their parent are merged with it"),
    "bad_radius": ("repaired", "a radius that is not positive and finite is replaced"),
    "unreadable_file": ("refused", "copy the file anew"),
    "empty_file": ("refused", "export the neuron anew or remove the file"),
    "title_line": ("refused", "write # before the line, or remove it"),
    "too_few_columns": ("refused", "give the line seven columns: id type x y z radius parent"),
    "column_order": ("refused", "write them in the order id type x y z radius parent"),
    "not_a_number": ("refused", "correct the line"),
    "decimal_comma": ("refused", "write decimals with a point"),
    "not_an_integer": ("refused", "write ids, types and parents as whole numbers"),
    "bad_coordinate": ("refused", "correct the coordinate"),
    "duplicate_id": ("refused", "give each node an id of its own"),
    "missing_parent": ("refused", "add the parent's line, or write -1 to start a tree there"),
    "cycle": ("refused", "correct the parents so that each path ends at a root"),
    "distant_tree": ("refused", "correct the file, set `largest_bridge_um`, or set roots to join"),
    "two_cells": ("refused", "give each cell a file of its own, or set roots to largest"),
    "joined_cells": ("refused", "give each cell a file of its own, or correct the node's type"),
    "nothing_left": ("refused", "choose compartments that the file has or remove the file"),
    "no_cable": ("refused", "correct the coordinates, or remove the file"),
    "same_neuron": ("refused", "keep one of the two files"),
}

# What is measured of a file, as it is read and as it is prepared.
MEASURED = {
    "n_nodes_read": "Int64",
    "cable_length_read_um": "float64",
    "n_nodes": "Int64",
    "cable_length_um": "float64",
    "longest_segment_um": "float64",
    "n_bridges": "Int64",
    "bridge_length_um": "float64",
}

FILES_AT_ONCE = 16  # that a process is given where several read

UM_PER_UNIT = {"um": 1.0, "nm": 1e-3}


@dataclass(frozen=True)
class Part:
    """Files whose coordinates have one unit: ``um``, ``nm`` or ``voxel`` of ``voxel_size_um`` (3,).

    ``files`` are ``.swc``, ``.asc`` and ``.nml`` files, each perhaps with ``.gz``, ``.zip``
    archives of such, and precomputed skeletons; the unit is that of SWC files alone.
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
    jobs: int = 1,
) -> tuple[Forest, pd.DataFrame]:
    """Read the neurons of all files of all parts, in the order given; their stems are the ids.

    ``compartments`` are any of axon, dendrite, apical, other; ``roots`` is ``join``, ``refuse`` or
    ``largest``, and ``largest_bridge_um`` as in :func:`one_tree`. A refused file stops the reading
    (``on_bad_input="stop"``: InputError with file, line, value and remedy) or is left out and
    listed (``"skip"``). So many ``jobs`` read at once, to the same result. Returns the neurons,
    each with its soma at the origin, and the quality table; hidden files are only listed there.
    """
    files = [Path(file) for part in parts for file in part.files]
    sources = list_sources(files)
    scale_um = {Path(file): part.scale_um for part in parts for file in part.files}
    plan = Preparation(compartments, Joining(roots, largest_bridge_um))
    read = _read_all(sources, [scale_um[source.path] for source in sources], plan, jobs)
    _refuse_same(read)
    for one in read:
        if one.neuron is not None:
            _measure(one.neuron, one.report)
    reports = [one.report for one in read]
    _stop_if_refused(reports, on_bad_input)
    neurons = [one.neuron for one in read if one.neuron is not None]
    quality = quality_table(reports, MEASURED, lines=True)
    unread = [_unread(file.name) for file in files if is_unread(file)]
    left_out = [*(_hidden(name) for name in hidden_names(files)), *unread]
    return concatenate(neurons), with_rows(quality, left_out)


@dataclass
class Read:
    """What became of one file; the neuron is None where it is refused."""

    report: Report
    neuron: Forest | None = None
    geometry: bytes = b""


def _read_all(
    sources: list[Source], scales_um: list[np.ndarray], plan: Preparation, jobs: int
) -> list[Read]:
    if jobs == 1:
        return [_read(*each, plan) for each in zip(sources, scales_um, strict=True)]
    with ProcessPoolExecutor(jobs) as pool:
        files = pool.map(_read, sources, scales_um, repeat(plan), chunksize=FILES_AT_ONCE)
        return list(files)


def _read(source: Source, scale_um: np.ndarray, plan: Preparation) -> Read:
    read = Read(Report(source.name, CODES, source.id))
    try:
        tree = _tree(source, scale_um, plan, read.report)
    except Refused as refused:
        read.report.findings.append(refused.finding)
        return read
    read.neuron = single(
        source.id, tree.xyz, tree.parent, tree.radius, tree.compartment, tree.bridge
    )
    read.geometry = _digest(tree)
    return read


def _tree(source: Source, scale_um: np.ndarray, plan: Preparation, report: Report) -> Tree:
    """The tree of a file, repaired."""
    notes = report.findings
    table, scale_um = _table(source, scale_um, notes)
    tree = link(table, scale_um, notes)
    report.measured["n_nodes_read"] = len(tree.parent)
    report.measured["cable_length_read_um"] = float(tree.segment_length.sum())
    tree, soma = collapse_soma(tree, notes)
    tree = centre(one_tree(tree, soma, plan.joining, notes))
    tree = select_compartments(tree, plan.compartments, notes)
    tree = fill_radii(merge_coinciding(tree, notes), notes)
    if not tree.cable.any():
        raise Refused("no_cable", "all nodes of each tree lie in one place, so there is no cable")
    report.measured["longest_segment_um"] = _longest_segment(tree, notes)
    return tree


def _longest_segment(tree: Tree, notes: list[Finding]) -> float:
    """The longest segment in um, with a finding where the others suggest that the tracing jumps."""
    cable = tree.cable
    row = int(np.argmax(cable))
    longest, usual = float(cable[row]), longest_usual(np.delete(cable, row))
    if 0 < usual < longest:
        share = longest / cable.sum()
        message = f"a segment of {longest:.3f} um, {share:.1%} of the cable, has no node between"
        notes.append(
            Finding("long_segment", message, line=int(tree.line[row]), value=f"{longest:.3f} um")
        )
    return longest


def _table(source: Source, scale_um: np.ndarray, notes: list[Finding]) -> tuple[Table, np.ndarray]:
    """The nodes of a file, and the um in its unit (3,), which formats but SWC know themselves."""
    data = source.read()
    if source.form == "swc":
        return parse(data, notes), scale_um
    if source.form == "skeleton":
        return skeleton_table(data, source.path.parent, notes), np.ones(3)
    return (asc_table if source.form == "asc" else neuroml_table)(data), np.ones(3)


def _hidden(name: str) -> dict:
    message = "a hidden file, as macOS and editors leave them, is left out"
    return quality_row("skipped", "info", "hidden_file", message, file=name, value=name)


def _unread(name: str) -> dict:
    message = f"{name} may hold neurons and is not read; unpack or convert it"
    return quality_row("skipped", "info", "unread_file", message, file=name, value=name)


def _measure(neuron: Forest, report: Report) -> None:
    """Write sizes into the report, and a finding on the bridges with their share."""
    cable, bridges = float(neuron.cable_length[0]), float(neuron.bridge_length[0])
    n = int(neuron.bridge.sum())
    report.measured.update(
        {
            "n_nodes": len(neuron.parent),
            "cable_length_um": cable,
            "n_bridges": n,
            "bridge_length_um": bridges,
        }
    )
    if n:
        share = bridges / (bridges + cable)
        message = f"{n} bridges of {bridges:.3f} um, {share:.1%} of cable and bridges, are no cable"
        report.findings.append(Finding("bridges", message, value=f"{share:.4f}"))


def _refuse_same(read: list[Read]) -> None:
    """Refuse each neuron whose geometry is that of one before it."""
    first_with: dict[bytes, str] = {}
    for one in read:
        if one.neuron is None:
            continue
        other = first_with.setdefault(one.geometry, one.report.file)
        if other != one.report.file:
            message = f"the geometry is that of {other}"
            one.report.findings.append(Finding("same_neuron", message, value=other))
            one.neuron = None


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
