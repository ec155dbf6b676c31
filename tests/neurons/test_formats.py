"""Other formats than SWC: what is written in them is read, and what is wrong with them is said."""

import gzip
import json
import struct

import numpy as np
import pytest

from morphoflow.neurons.reading.formats import skeleton_table
from swc_texts import PLAIN, assert_same, read, segments

# A soma of two ends, an apical dendrite from its far end, and a dendrite from its near end.
NEUROML = """<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="d"><cell id="c">
<morphology id="m">
<segment id="2" name="far"><parent segment="1"/><distal x="0" y="40" z="0" diameter="1"/></segment>
<segment id="0" name="soma"><proximal x="0" y="0" z="0" diameter="10"/>
 <distal x="0" y="10" z="0" diameter="10"/></segment>
<segment id="1" name="near"><parent segment="0"/><proximal x="0" y="10" z="0" diameter="2"/>
 <distal x="0" y="20" z="0" diameter="2"/></segment>
<segment id="3" name="basal"><parent segment="0" fractionAlong="0"/>
 <proximal x="0" y="0" z="0" diameter="2"/><distal x="9" y="0" z="0" diameter="2"/></segment>
<segmentGroup id="soma_group"><member segment="0"/></segmentGroup>
<segmentGroup id="section_1"><member segment="1"/><member segment="2"/></segmentGroup>
<segmentGroup id="apical"><include segmentGroup="section_1"/></segmentGroup>
<segmentGroup id="g3" neuroLexId="GO:0030425"><member segment="3"/></segmentGroup>
</morphology></cell></neuroml>"""

ASC = """("CellBody" (Color Red) (CellBody) (-3 0 0 0.1) (0 3 0 0.1) (3 0 0 0.1) (0 -3 0 0.1))
((Color Blue) (Dendrite) (0 5 0 2) (0 15 0 2)
 ( (0 15 0 2) (5 25 0 1) | (0 15 0 2) (-5 25 0 1) ))
((Axon) (0 -5 0 1) (0 -30 0 1))"""


def skeleton(vertices, edges, radius=None):
    data = struct.pack("<II", len(vertices), len(edges))
    data += np.asarray(vertices, "<f4").tobytes() + np.asarray(edges, "<u4").tobytes()
    return data + (b"" if radius is None else np.asarray(radius, "<f4").tobytes())


def skeletons(folder, **more):
    folder.mkdir()
    radius = {"id": "radius", "data_type": "float32", "num_components": 1}
    info = {"@type": "neuroglancer_skeletons", "vertex_attributes": [radius], **more}
    (folder / "info").write_text(json.dumps(info))
    return folder


def one(path):
    forest, quality = read([path])
    return forest, quality.set_index("code")


def test_neuroml_segments_become_cable_with_types_of_their_groups(tmp_path):
    (tmp_path / "a.cell.nml").write_text(NEUROML)
    forest, _ = one(tmp_path / "a.cell.nml")
    assert forest.ids.tolist() == ["a"]
    # The soma is one node, of which the ends were 10 um apart.
    cable = {4: 10 + 20 + 5, 3: np.hypot(9, 5)}
    for code, length in cable.items():
        own = forest.segment_length[forest.compartment == code].sum()
        assert own == pytest.approx(length, abs=0.01)


@pytest.mark.parametrize(
    "change, words",
    [
        (("nothing of it", ""), None),
        (('x="9"', 'x="nine"'), "nine"),
        (('segment="1"/>', 'segment="7"/>'), "the parent of segment 2 does not exist"),
        (('segment="1"/>', 'segment="2"/>'), "the parent of segment 2 does not exist"),
        (('id="2" name="far"', ""), "a segment lacks a name or number ('id')"),
        (('fractionAlong="0"', 'fractionAlong="far"'), "'far'"),
        (("<neuroml", "<!DOCTYPE n [<!ENTITY e 'e'>]><neuroml"), "XML entities"),
        (("</morphology>", ""), "no XML"),
        (("</cell>", "<morphology/></cell>"), "2 morphologies"),
    ],
)
def test_what_is_wrong_with_neuroml_is_said(tmp_path, change, words):
    (tmp_path / "a.nml").write_text(NEUROML.replace(*change))
    (tmp_path / "b.swc").write_text(PLAIN)
    forest, quality = read([tmp_path / "a.nml", tmp_path / "b.swc"])
    refused = quality[quality["severity"] == "refused"]["message"].tolist()
    assert forest.ids.tolist() == (["a", "b"] if words is None else ["b"])
    assert (not refused) if words is None else words in refused[0]


def test_a_skeleton_is_read_in_um_from_its_thickest_node_with_rings_cut(tmp_path):
    transform = [2, 0, 0, 5, 0, 2, 0, 5, 0, 0, 2, 5]
    folder = skeletons(tmp_path / "s", transform=transform)
    vertices = [[0, 0, 0], [500, 0, 0], [1000, 0, 0], [1000, 1000, 0], [0, 1400, 0]]
    edges = [[0, 1], [2, 1], [2, 3], [3, 4], [4, 0]]
    (folder / "7001").write_bytes(skeleton(vertices, edges, [1, 2, 9, 1, 1]))
    forest, quality = one(folder / "7001")
    assert forest.ids.tolist() == ["7001"] and quality.loc["cut_ring", "value"] == "1"
    np.testing.assert_allclose(forest.xyz[0], 0)
    assert forest.radius[0] == pytest.approx(9 * 2 / 1000, rel=1e-5)
    # The longest edge of the ring, from (0, 1400) to (0, 0), is gone.
    kept = 2 * (500 + 500 + 1000 + np.hypot(1000, 400)) / 1000
    assert forest.cable_length[0] == pytest.approx(kept, rel=1e-5)


def test_each_piece_of_a_skeleton_grows_from_its_thickest_node(tmp_path):
    folder = skeletons(tmp_path / "s")
    vertices = [[1000 * k, 0, 0] for k in range(6)]
    data = skeleton(vertices, [[0, 1], [1, 2], [3, 4]], [1, 2, 3, 1, 4, 1])
    table = skeleton_table(data, folder, [])
    assert table.parent.tolist() == [2, 3, -1, 5, -1, -1]


def test_a_folder_of_skeletons_is_found_with_its_info_and_nothing_else(tmp_path):
    from morphoflow.neurons.reading.sources import files_with_neurons

    folder = skeletons(tmp_path / "s")
    data = skeleton([[0, 0, 0], [9000, 0, 0]], [[0, 1]], [1, 1])
    for name in ("12", "13", "notes", "info2"):
        (folder / name).write_bytes(data)
    (tmp_path / "99").write_bytes(data)
    found = files_with_neurons(tmp_path)
    assert [path.name for path in found] == ["12", "13", "info"]
    (folder / "13").write_bytes(skeleton([[0, 0, 0], [0, 8000, 0]], [[0, 1]], [1, 1]))
    forest, _ = read(found)
    np.testing.assert_allclose(forest.cable_length, [9, 8], rtol=1e-5)


@pytest.mark.parametrize(
    "data, more, words",
    [
        (skeleton([[0, 0, 0]], [])[:-2], {}, "bytes are not"),
        (skeleton([[0, 0, 0], [1, 1, 1]], [[0, 5]], [1, 1]), {}, "vertex 5 of 2"),
        (skeleton([[0, 0, 0]], [], [1]), {"sharding": {"@type": "x"}}, "sharded"),
        (skeleton([[0, 0, 0]], [], [1]), {"transform": [1, 2]}, "not 12 numbers"),
    ],
)
def test_what_is_wrong_with_a_skeleton_is_said(tmp_path, data, more, words):
    folder = skeletons(tmp_path / "s", **more)
    (folder / "1").write_bytes(data)
    (tmp_path / "b.swc").write_text(PLAIN)
    _, quality = read([folder / "1", tmp_path / "b.swc"])
    assert words in quality[quality["severity"] == "refused"]["message"].iloc[0]


def test_packed_files_are_those_that_were_packed(tmp_path):
    (tmp_path / "a.nml").write_text(NEUROML)
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "a.nml.gz").write_bytes(gzip.compress(NEUROML.encode()))
    assert_same(one(tmp_path / "packed" / "a.nml.gz")[0], one(tmp_path / "a.nml")[0])


def test_neurolucida_branches_and_types_are_read(tmp_path):
    pytest.importorskip("morphio")
    (tmp_path / "a.asc").write_text(ASC)
    forest, _ = one(tmp_path / "a.asc")
    assert len(segments(forest)) == 6
    by_type = {2: 5 + 25, 3: 5 + 10 + 2 * np.hypot(5, 10)}
    for code, length in by_type.items():
        own = forest.segment_length[forest.compartment == code].sum()
        assert own == pytest.approx(length, rel=1e-4)
    assert forest.radius[0] == pytest.approx(3, rel=1e-4)


def test_a_file_that_is_no_neurolucida_file_is_refused(tmp_path):
    pytest.importorskip("morphio")
    (tmp_path / "a.asc").write_text(ASC.replace("0.1", ".1"))
    (tmp_path / "b.swc").write_text(PLAIN)
    _, quality = read([tmp_path / "a.asc", tmp_path / "b.swc"])
    assert "no Neurolucida file" in " ".join(quality["message"].dropna())
