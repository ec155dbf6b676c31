"""Neurons in other formats than SWC, each read into the same table of nodes, in um.

NeuroML (Cannon et al., Front. Neuroinform. 8:79, 2014), Neurolucida's ASC by the optional package
MorphIO, and the skeletons of neuroglancer's precomputed format (unsharded).
"""

import json
import re
import tempfile
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from morphoflow.neurons.reading.swc import Table
from morphoflow.reading.findings import Finding, Refused

SKELETONS = "neuroglancer_skeletons"
# What a group of segments is called by, in its name or its term, in the order of precedence.
GROUPS = {1: ("soma", "GO:0043025"), 4: ("apical",), 2: ("axon", "GO:0030424")}
GROUPS |= {3: ("dend", "GO:0030425")}
UNDEFINED, SOMA = 0, 1


def asc_table(data: bytes) -> Table:
    """The nodes of a Neurolucida file; its soma, an outline, is one node at the middle of it."""
    read = _morphology(data)
    xyz, radius, kind, parent = [], [], [], []
    if len(read.soma.points):
        outline = np.asarray(read.soma.points, dtype=np.float64)
        middle = outline.mean(axis=0)
        xyz.append(middle)
        radius.append(float(np.linalg.norm(outline - middle, axis=1).mean()))
        kind.append(SOMA)
        parent.append(-1)
    n_soma, last = len(xyz), {}
    for section in read.iter():
        points, diameters = np.asarray(section.points), np.asarray(section.diameters)
        root = section.is_root
        up = (0 if n_soma else -1) if root else last[section.parent.id]
        # The first point of a section that goes on is the last of the one before it.
        for row in range(0 if root else 1, len(points)):
            parent.append(up)
            up = len(xyz)
            xyz.append(points[row])
            radius.append(diameters[row] / 2)
            kind.append(int(section.type))
        last[section.id] = up
    return _table(np.array(xyz).reshape(-1, 3), radius, kind, parent)


def _morphology(data: bytes) -> Any:
    """MorphIO's morphology of a Neurolucida file, which it reads from a path alone."""
    try:
        import morphio
    except ImportError:
        message = "Neurolucida files need the package MorphIO; call `pip install morphio`"
        raise Refused("unreadable_file", message) from None
    morphio.set_maximum_warnings(0)
    with tempfile.NamedTemporaryFile(suffix=".asc") as file:
        file.write(data)
        file.flush()
        try:
            return morphio.Morphology(file.name)
        except morphio.MorphioError as error:
            plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
            said = " ".join(plain.split()).replace(file.name, "the file")
            raise Refused("unreadable_file", f"it is no Neurolucida file ({said})") from None


def neuroml_table(data: bytes) -> Table:
    """The nodes of the one cell of a NeuroML 2 file: where segments end, and where stems begin."""
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise Refused("unreadable_file", "it declares XML entities, which NeuroML does not need")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise Refused("unreadable_file", f"it is no XML ({error})") from None
    found = [of for of in root.iter() if _tag(of) == "morphology"]
    if len(found) != 1:
        raise Refused(
            "two_cells", f"the file holds {len(found)} morphologies", value=str(len(found))
        )
    try:
        nodes = _Segments(_kinds(found[0]))
        for segment in _parents_first(found[0]):
            nodes.add(segment)
    except (KeyError, ValueError) as error:
        message = f"a segment lacks a name or number ({error})"
        raise Refused("not_a_number", message) from None
    return _table(np.array(nodes.xyz).reshape(-1, 3), nodes.radius, nodes.kind, nodes.parent)


class _Segments:
    """The nodes of NeuroML's segments, of the type that ``kinds`` says."""

    def __init__(self, kinds: dict[str, int]) -> None:
        self.kinds, self.ends = kinds, {}
        self.xyz, self.radius, self.kind, self.parent = [], [], [], []

    def add(self, segment: ET.Element) -> None:
        """A segment whose parent was added before; it begins at the nearer end of it."""
        parts, name = {_tag(part): part for part in segment}, segment.attrib["id"]
        if "distal" not in parts:
            raise Refused("too_few_columns", f"segment {name} has no end")
        kind, begin = self.kinds.get(name, UNDEFINED), -1
        if "parent" in parts:
            along = float(parts["parent"].attrib.get("fractionAlong", 1))
            begin = self.ends[parts["parent"].attrib["segment"]][0 if along < 0.5 else 1]
        if "proximal" in parts and not self._is_at(parts["proximal"], begin):
            begin = self._node(parts["proximal"], kind, begin)
        if begin < 0:
            raise Refused("missing_parent", f"segment {name} has no beginning")
        self.ends[name] = begin, self._node(parts["distal"], kind, begin)

    def _node(self, point: ET.Element, kind: int, up: int) -> int:
        numbers = [float(point.attrib[key]) for key in ("x", "y", "z", "diameter")]
        self.xyz.append(numbers[:3])
        self.radius.append(numbers[3] / 2)
        self.kind.append(kind)
        self.parent.append(up)
        return len(self.xyz) - 1

    def _is_at(self, point: ET.Element, row: int) -> bool:
        return row >= 0 and [float(point.attrib[key]) for key in "xyz"] == self.xyz[row]


def _parents_first(morphology: ET.Element) -> list[ET.Element]:
    """The segments, those that go on from another after it; raises Refused where that is none."""
    segments = [of for of in morphology if _tag(of) == "segment"]
    children: dict[str | None, list[ET.Element]] = {}
    for segment in segments:
        above = [part.attrib["segment"] for part in segment if _tag(part) == "parent"]
        children.setdefault(above[0] if above else None, []).append(segment)
    found, waiting = [], children.pop(None, [])[::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += children.pop(found[-1].attrib["id"], [])[::-1]
    if len(found) < len(segments):
        missing = next(iter(children.values()))[0].attrib["id"]
        message = f"the parent of segment {missing} does not exist, or leads back to it"
        raise Refused("missing_parent", message, value=missing)
    return found


def skeleton_table(data: bytes, folder: Path, notes: list[Finding]) -> Table:
    """The nodes of a precomputed skeleton; the root of each tree is its thickest node.

    Rings are cut where they are longest. Coordinates become um by the ``transform`` in the file
    ``info`` of the folder, whose unit is nm.
    """
    info = skeleton_info(folder)
    if info.get("sharding"):
        raise Refused("unreadable_file", "sharded skeletons are not read; export them unsharded")
    n, m = np.frombuffer(data[:8], "<u4").tolist() if len(data) >= 8 else (0, 0)
    extra = info.get("vertex_attributes", [])
    sizes = [n * of["num_components"] * np.dtype(of["data_type"]).itemsize for of in extra]
    if n == 0 or len(data) != 8 + 12 * n + 8 * m + sum(sizes):
        raise Refused("unreadable_file", f"{len(data)} bytes are not {n} vertices and {m} edges")
    xyz = np.frombuffer(data, "<f4", 3 * n, 8).reshape(n, 3).astype(np.float64)
    edges = np.frombuffer(data, "<u4", 2 * m, 8 + 12 * n).reshape(m, 2).astype(np.int64)
    if (edges >= n).any():
        raise Refused("missing_parent", f"an edge names vertex {edges.max()} of {n}")
    matrix = np.array(info.get("transform", np.eye(3, 4).ravel().tolist()))
    if matrix.shape != (12,) or matrix.dtype.kind not in "if":
        raise Refused("unreadable_file", "the transform in info is not 12 numbers")
    matrix = matrix.reshape(3, 4)
    grown = abs(np.linalg.det(matrix[:, :3])) ** (1 / 3)
    radius, at = np.zeros(n), 8 + 12 * n + 8 * m
    for of, size in zip(extra, sizes, strict=True):
        if of["id"] == "radius":
            radius = np.frombuffer(data[at : at + size], np.dtype(of["data_type"])).astype(float)
        at += size
    placed = (xyz @ matrix[:, :3].T + matrix[:, 3]) / 1000
    parent = _grown_tree(placed, edges, radius, notes)
    return _table(placed, radius * grown / 1000, np.zeros(n), parent)


@lru_cache(maxsize=64)
def skeleton_info(folder: Path) -> dict:
    """The file ``info`` of a folder of precomputed skeletons; {} where there is none."""
    path = folder / "info"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("@type") == SKELETONS else {}


def is_skeleton(path: Path) -> bool:
    """Whether a file is a precomputed skeleton: a number for a name, in a folder of such."""
    return re.fullmatch(r"\d+", path.name) is not None and bool(skeleton_info(path.parent))


def _grown_tree(
    xyz: np.ndarray, edges: np.ndarray, radius: np.ndarray, notes: list[Finding]
) -> np.ndarray:
    """The parents (n,) of vertices that ``edges`` (m, 2) join, -1 for the root of each piece."""
    n = len(xyz)
    edges = np.unique(np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1), axis=0)
    length = np.linalg.norm(xyz[edges[:, 0]] - xyz[edges[:, 1]], axis=1)
    # A weight of 0 would be no edge.
    graph = coo_array((length + 1e-9, tuple(edges.T)), shape=(n, n)).tocsr()
    tree = minimum_spanning_tree(graph)
    cut = len(edges) - tree.nnz
    if cut:
        notes.append(Finding("cut_ring", f"{cut} rings are cut", value=str(cut)))
    _, piece = connected_components(tree, directed=False)
    order = np.lexsort((np.arange(n), -radius, piece))
    roots = order[np.unique(piece[order], return_index=True)[1]]
    # All roots hang on one more vertex, so that one search comes to every piece.
    tree = tree.tocoo()
    ends = np.r_[tree.row, np.full(len(roots), n)], np.r_[tree.col, roots]
    whole = coo_array((np.ones(len(ends[0])), ends), shape=(n + 1, n + 1)).tocsr()
    nodes, before = breadth_first_order(whole, n, directed=False)
    parent = np.full(n + 1, -1)
    parent[nodes[1:]] = before[nodes[1:]]
    return np.where(parent[:n] == n, -1, parent[:n])


def _kinds(morphology: ET.Element) -> dict[str, int]:
    """The SWC type of each segment by its groups, which may include others."""
    groups = {of.attrib["id"]: of for of in morphology if _tag(of) == "segmentGroup"}

    def members(name: str, seen: frozenset[str]) -> set[str]:
        if name not in groups or name in seen:
            return set()
        own = {of.attrib["segment"] for of in groups[name] if _tag(of) == "member"}
        inner = [of.attrib["segmentGroup"] for of in groups[name] if _tag(of) == "include"]
        return own.union(*(members(other, seen | {name}) for other in inner))

    kinds: dict[str, int] = {}
    for code, words in GROUPS.items():
        for name, group in groups.items():
            told = f"{name.lower()} {group.attrib.get('neuroLexId', '')}"
            if any(word in told for word in words):
                for segment in members(name, frozenset()):
                    kinds.setdefault(segment, code)
    return kinds


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _table(xyz: np.ndarray, radius: object, kind: object, parent: object) -> Table:
    """A table with ids from 1 on; ``line`` counts the nodes."""
    up = np.asarray(parent, dtype=np.int64)
    if len(up) == 0:
        raise Refused("empty_file", "the file has no node")
    number = np.arange(1, len(up) + 1)
    return Table(
        id=number,
        compartment=np.clip(np.asarray(kind, dtype=np.int64), 0, 255).astype(np.uint8),
        xyz=np.asarray(xyz, dtype=np.float64),
        radius=np.asarray(radius, dtype=np.float64),
        parent=np.where(up < 0, -1, up + 1),
        line=number,
    )
