"""Laws of reading: every spelling of a neuron reads alike, every fault has a code and a line."""

import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.neurons.archive import write_archive
from morphoflow.neurons.findings import CODES, Finding, Refused
from morphoflow.neurons.forest import DTYPES, Forest
from morphoflow.neurons.link import link
from morphoflow.neurons.prepare import Part, read_neurons
from morphoflow.neurons.resample import resample
from morphoflow.neurons.swc import parse
from morphoflow.neurons.swc_write import swc_text, write_swc
from morphoflow.neurons.tree import Tree, follow, path_sum, root_of
from synthetic_neurons import random_binary_tree, small_forest, y_shape

ALL = ["axon", "dendrite", "apical", "other"]
REAL = Path(os.environ.get("MORPHOFLOW_REAL_SWC", "nowhere"))

PLAIN = """1 1 0 0 0 5 -1
2 3 0 10 0 1 1
3 3 -4 13 0 1 2
4 3 4 13 0 1 2
"""


def read(files, part=None, **settings):
    defaults = {
        "compartments": ALL,
        "resample_um": 0,
        "roots": "join",
        "on_bad_input": "skip",
    }
    return read_neurons([Part(files, **(part or {}))], **{**defaults, **settings})


def read_text(folder: Path, text: str | bytes, **settings):
    """The one neuron of a text, and its findings as {code: row of the quality table}."""
    file = folder / "cell.swc"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    forest, quality = read([file], **settings)
    forest.check()
    findings = quality[quality["code"] != "verdict"]
    return forest, {row["code"]: row for _, row in findings.iterrows()}


def refusal(text: str | bytes) -> Finding:
    notes: list[Finding] = []
    with pytest.raises(Refused) as caught:
        link(parse(text.encode() if isinstance(text, str) else text, notes), np.ones(3), notes)
    return caught.value.finding


def assert_same(a: Forest, b: Forest, atol: float = 0.0) -> None:
    for name in ("ids", "offsets", "parent", "compartment"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("xyz", "radius"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=0, atol=atol)


def segments(forest: Forest) -> list[tuple]:
    """The segments of a forest of one as sorted coordinates, whatever the order of its nodes."""
    up = forest.parent_row[1:]
    return sorted(map(tuple, np.hstack([forest.xyz[1:], forest.xyz[up]]).tolist()))


SPELLINGS = {
    "comments and blank lines": "# header\n\n" + PLAIN.replace("\n", " # note 1,5\n \n") + "#end",
    "tabs": PLAIN.replace(" ", "\t"),
    "commas": PLAIN.replace(" ", ","),
    "commas and blanks": PLAIN.replace(" ", " , "),
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "old macintosh line ends": PLAIN.replace("\n", "\r"),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "latin-1 comment": b"# \xb5m\n" + PLAIN.encode(),
    "ids as decimals": re.sub(r"^(\d)", r"\1.0", PLAIN, flags=re.MULTILINE),
    "exponents": PLAIN.replace("10", "1.0e1").replace("13", "+1.3E+01"),
    "no last line end, leading blanks": ("  " + PLAIN.replace("\n", "\n  ")).rstrip(),
    "ids with gaps": PLAIN.replace("2 3", "70 3").replace(" 1 2", " 1 70").replace("3 3", "9 3"),
    "ids from zero": "0 1 0 0 0 5 -1\n1 3 0 10 0 1 0\n2 3 -4 13 0 1 1\n3 3 4 13 0 1 1",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_one_neuron_read_alike(tmp_path, name):
    expected, none = read_text(tmp_path, PLAIN)
    forest, findings = read_text(tmp_path, SPELLINGS[name])
    assert not none and not findings
    assert_same(forest, expected)


def test_known_neuron(tmp_path):
    forest, _ = read_text(tmp_path, PLAIN)
    assert forest.ids.tolist() == ["cell"]
    assert forest.parent.tolist() == [-1, 0, 1, 1]
    assert forest.compartment.tolist() == [1, 3, 3, 3]
    assert forest.radius.tolist() == [5, 1, 1, 1]
    np.testing.assert_allclose(forest.cable_length, [20.0])


@pytest.mark.parametrize("seed", range(3))
def test_order_of_lines_and_numbering_do_not_matter(tmp_path, seed):
    rng = np.random.default_rng(seed)
    tree = random_binary_tree(rng, n_tips=20)
    rows = [line.split() for line in swc_text(tree).splitlines()[1:]]
    new = {old[0]: str(name) for old, name in zip(rows, rng.permutation(500) + 7, strict=False)}
    renamed = [[new[r[0]], *r[1:6], new.get(r[6], "-1")] for r in rows]
    shuffled = "\n".join(" ".join(renamed[i]) for i in rng.permutation(len(rows)))
    forest, findings = read_text(tmp_path, shuffled)
    assert not findings
    assert segments(forest) == segments(read_text(tmp_path, swc_text(tree))[0])


FAULTS = {
    "empty": ("", "empty_file", None, ""),
    "only comments": ("# a\n\n# b\n", "empty_file", None, ""),
    "six columns": (PLAIN + "5 3 0 0 0 1\n", "too_few_columns", 5, "5 3 0 0 0 1"),
    "endless line": (b"1 1 0 " + b"0" * 9999, "too_few_columns", 1, "1 1 0 " + "0" * 54),
    "word": ("#\n" + PLAIN.replace("-4", "west"), "not_a_number", 4, "west"),
    "underscore": (PLAIN.replace("13", "1_3"), "not_a_number", 3, "1_3"),
    "binary": (b"\x00\x01\x02 7 \xff\xfe\n", "not_a_number", 1, None),
    "decimal comma": (PLAIN.replace("13", "13,5"), "decimal_comma", 3, "13,5"),
    "fraction of an id": (PLAIN.replace("2 3 0", "2.5 3 0"), "not_an_integer", 2, "2.5"),
    "nan as id": (PLAIN.replace("3 3 -4", "nan 3 -4"), "not_an_integer", 3, "nan"),
    "nan": (PLAIN.replace("-4", "nan"), "bad_coordinate", 3, "nan"),
    "infinity": (PLAIN.replace("10", "-inf"), "bad_coordinate", 2, "-inf"),
    "beyond measure": (PLAIN.replace("10", "1e300"), "bad_coordinate", 2, "1e+300"),
    "id given twice": (PLAIN + "2 3 1 1 1 1 1\n", "duplicate_id", 5, "2"),
    "no such parent": (PLAIN + "5 3 9 9 9 1 8\n", "missing_parent", 5, "8"),
    "own parent": (PLAIN + "5 3 9 9 9 1 5\n", "cycle", 5, "5"),
    "cycle": (PLAIN + "\n5 3 9 9 9 1 7\n6 3 8 8 8 1 5\n7 3 7 7 7 1 6\n", "cycle", 6, "5"),
    "no root": (PLAIN.replace("-1", "4"), "cycle", 1, "1"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_refused_with_code_line_and_value(name):
    text, code, line, value = FAULTS[name]
    found = refusal(text)
    assert (found.code, found.line, found.severity) == (code, line, "refused")
    assert value is None or found.value == value


def test_number_of_further_faults_is_told():
    assert "(3 such lines)" in refusal("a b\nc d\ne f\n" + PLAIN).message
    assert "(2 such lines)" in refusal(PLAIN + "5 3 9 9 9 1 8\n6 3 9 9 9 1 9\n").message


def test_random_damage_is_read_or_refused_never_a_crash(tmp_path):
    rng = np.random.default_rng(5)
    clean = swc_text(y_shape()).encode()
    seen = set()
    for _ in range(400):
        damaged = bytearray(clean)
        for at in rng.integers(len(clean), size=rng.integers(1, 4)):
            damaged[at] = rng.choice(list(b"0123456789 .,-#\nnae\t\x00\xff"))
        try:
            _, findings = read_text(tmp_path, bytes(damaged))
            seen |= set(findings)
        except InputError as error:
            seen |= {code for code in CODES if CODES[code][1] in str(error)}
    assert len(seen) > 8


REPAIRS = {
    "further columns": (PLAIN.replace("5 -1", "5 -1 7 note"), "extra_columns", 1),
    "scale": ("# SCALE 2 2 1\n" + PLAIN, "scale_header", 1),
    "line repeated": (PLAIN + PLAIN[15:29] + "\n", "repeated_line", 5),
    "negative parent": (PLAIN.replace("-1", "-7"), "negative_parent", 1),
    "unknown type": (PLAIN.replace("4 3 4", "4 300 4"), "unknown_type", 4),
    "radius zero": (PLAIN.replace("0 1 2\n4", "0 0 2\n4"), "bad_radius", 3),
    "radius negative": (PLAIN.replace("0 1 2\n4", "0 -3 2\n4"), "bad_radius", 3),
    "radius nan": (PLAIN.replace("0 1 2\n4", "0 nan 2\n4"), "bad_radius", 3),
    "no soma": (PLAIN.replace("1 1 0", "1 3 0"), "no_soma", 1),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_small_repairs_leave_the_geometry_and_are_recorded(tmp_path, name):
    text, code, line = REPAIRS[name]
    forest, findings = read_text(tmp_path, text)
    assert list(findings) == [code]
    assert findings[code]["line"] == line
    assert segments(forest) == segments(read_text(tmp_path, PLAIN)[0])


def test_header_scale_of_one_is_no_finding(tmp_path):
    assert not read_text(tmp_path, "# SCALE 1.0 1.0 1.0 micrometers\n" + PLAIN)[1]


def test_zero_length_segments_are_merged_and_nothing_else(tmp_path):
    doubled = PLAIN + "5 3 4 13 0 1 4\n6 3 4 13 0 1 5\n7 3 8 16 0 1 6\n"
    forest, findings = read_text(tmp_path, doubled)
    assert findings["zero_length"]["value"] == "2"
    np.testing.assert_allclose(forest.cable_length, [25.0])
    assert (forest.segment_length[1:] > 0).all()


def test_three_point_soma_becomes_its_centre(tmp_path):
    soma = "1 1 2 3 4 5 -1\n2 1 2 -2 4 5 1\n3 1 2 8 4 5 1\n"
    forest, findings = read_text(tmp_path, soma + "4 3 2 3 14 1 1\n5 3 12 3 4 1 3\n")
    assert list(findings) == ["three_point_soma"]
    assert forest.parent.tolist() == [-1, 0, 0]
    assert forest.radius[0] == 5
    np.testing.assert_allclose(forest.xyz[1:], [[0, 0, 10], [10, 0, 0]])


def test_three_point_soma_may_be_rounded(tmp_path):
    soma = "1 1 0 0 0 5 -1\n2 1 0 -4.95 0 5 1\n3 1 0 5.05 0 5 1\n4 3 0 0 9 1 1\n"
    forest, findings = read_text(tmp_path, soma)
    assert list(findings) == ["three_point_soma"]
    assert forest.xyz.tolist() == [[0, 0, 0], [0, 0, 9]]
    assert forest.radius.tolist() == [5, 1]


def ring(n: int, radius: float, z: float = 0.0, first: int = 1) -> list[str]:
    angle = 2 * np.pi * np.arange(n) / n
    up = [-1, *range(first, first + n - 1)]
    return [
        f"{first + i} 1 {radius * np.cos(a):.6f} {radius * np.sin(a):.6f} {z} 0.1 {up[i]}"
        for i, a in enumerate(angle)
    ]


def test_outline_of_the_soma_becomes_one_node_at_its_centre(tmp_path):
    lines = [*ring(12, 6.0), "13 3 20 0 0 1 1", "14 3 -20 0 0 1 7"]
    forest, findings = read_text(tmp_path, "\n".join(lines))
    assert list(findings) == ["contour_soma"]
    np.testing.assert_allclose(forest.radius[0], 6.0, rtol=1e-5)
    np.testing.assert_allclose(forest.xyz, [[0, 0, 0], [20, 0, 0], [-20, 0, 0]], atol=1e-5)


def test_outlines_in_several_planes_are_one_soma_and_a_distant_one_is_not(tmp_path):
    planes = [*ring(8, 6.0, 0.0, 1), *ring(8, 6.0, 3.0, 9), *ring(8, 6.0, -3.0, 17)]
    dendrite = ["25 3 20 0 0 1 -1", "26 3 30 0 0 1 25"]
    forest, findings = read_text(tmp_path, "\n".join(planes + dendrite))
    assert set(findings) == {"contour_soma", "joined_tree"}
    assert forest.n_nodes.tolist() == [3]
    np.testing.assert_allclose(forest.cable_length, [30.0], rtol=1e-5)
    distant = [*ring(8, 6.0), "9 3 20 0 0 1 1", *ring(8, 6.0, 100.0, 10)]
    forest, findings = read_text(tmp_path, "\n".join(distant))
    assert findings["extra_soma"]["value"] == "8"


def test_cylinders_of_the_soma_become_one_node(tmp_path):
    chain = "1 1 -2 0 0 5 -1\n2 1 0 0 0 7 1\n3 1 2 0 0 6 2\n4 3 30 0 0 1 3\n"
    forest, findings = read_text(tmp_path, chain)
    assert list(findings) == ["multi_point_soma"]
    np.testing.assert_allclose(forest.radius, [6, 1])
    np.testing.assert_allclose(forest.cable_length, [30.0])


def test_soma_in_the_middle_becomes_the_root_of_the_same_cable(tmp_path):
    moved = "1 2 0 0 0 1 -1\n2 2 5 0 0 1 1\n3 1 9 0 0 4 2\n4 3 9 9 0 1 3\n5 3 5 7 0 1 2\n"
    forest, findings = read_text(tmp_path, moved)
    assert list(findings) == ["moved_root"]
    assert forest.compartment[0] == 1
    np.testing.assert_allclose(forest.cable_length, [5 + 4 + 9 + 7])


TWO_MORE_TREES = PLAIN + "5 3 4 16 0 1 -1\n6 3 4 26 0 1 5\n7 3 6 28 0 1 -1\n8 3 7 28 0 1 7\n"


def test_joined_trees_add_exactly_the_recorded_bridges(tmp_path):
    (tmp_path / "cell.swc").write_text(TWO_MORE_TREES)
    forest, quality = read([tmp_path / "cell.swc"], roots="join")
    forest.check()
    joined = quality[quality["code"] == "joined_tree"]
    assert joined["line"].tolist() == [5, 7]
    bridges = [float(value.split()[0]) for value in joined["value"]]
    np.testing.assert_allclose(bridges, [3.0, np.sqrt(8)], atol=5e-4)
    read_um = quality["cable_length_read_um"].iloc[0]
    np.testing.assert_allclose(forest.cable_length, [read_um + sum(bridges)], atol=2e-3)


def test_dropped_trees_lose_exactly_the_recorded_cable(tmp_path):
    (tmp_path / "cell.swc").write_text(TWO_MORE_TREES)
    forest, quality = read([tmp_path / "cell.swc"], roots="largest")
    dropped = quality[quality["code"] == "dropped_tree"]
    assert dropped["value"].tolist() == ["10.000 um", "1.000 um"]
    assert segments(forest) == segments(read_text(tmp_path, PLAIN)[0])


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_tree_is_joined_again_where_it_was_cut(tmp_path, seed):
    rng = np.random.default_rng(seed)
    lines = swc_text(resampled(random_binary_tree(rng, n_tips=6, step_um=40.0), 1.0)).splitlines()
    for cut in rng.choice(np.arange(5, len(lines)), size=3, replace=False):
        lines[cut] = " ".join([*lines[cut].split()[:6], "-1"])
    forest, findings = read_text(tmp_path, "\n".join(lines))
    assert "joined_tree" in findings
    whole = read_text(tmp_path, "\n".join(lines), roots="largest")[0]
    assert whole.cable_length < forest.cable_length
    np.testing.assert_allclose(forest.cable_length, [400.0], rtol=0.02)


def as_tree(forest: Forest) -> Tree:
    return Tree(
        xyz=forest.xyz.astype(np.float64),
        radius=forest.radius.astype(np.float64),
        compartment=forest.compartment,
        parent=forest.parent.astype(np.int64),
        line=np.arange(len(forest.parent)) + 1,
    )


def resampled(forest: Forest, spacing_um: float) -> Forest:
    tree = resample(as_tree(forest), spacing_um)
    arrays = {
        name: getattr(tree, name).astype(DTYPES[name]) for name in DTYPES if name != "offsets"
    }
    return Forest(forest.ids, np.array([0, len(tree.parent)]), **arrays)


@pytest.mark.parametrize("spacing_um", [0.07, 0.3, 1.0, 2.7, 50.0])
def test_resampling_keeps_straight_cable_ends_and_branch_points(spacing_um):
    tree = random_binary_tree(np.random.default_rng(2), n_tips=30, step_um=2.7)
    finer = resampled(tree, spacing_um)
    finer.check()
    np.testing.assert_allclose(finer.cable_length, tree.cable_length, rtol=1e-5)
    assert set(map(tuple, tree.xyz)) <= set(map(tuple, finer.xyz))
    pieces = max(1, round(2.7 / spacing_um))
    assert finer.n_nodes[0] == 1 + pieces * (tree.n_nodes[0] - 1)
    np.testing.assert_allclose(finer.segment_length[1:], 2.7 / pieces, rtol=1e-4)
    assert np.bincount(finer.parent[1:]).max() == 2


def test_resampling_removes_nodes_of_a_straight_line_and_interpolates_radii():
    y = y_shape(stem=9, left=6, right=3)
    y.radius[:] = 1 + np.arange(len(y.radius))
    coarse = resampled(y, 3.0)
    assert coarse.n_nodes.tolist() == [1 + 3 + 2 + 1]
    assert coarse.parent.tolist() == [-1, 0, 1, 2, 3, 4, 3]
    assert coarse.radius.tolist() == [1, 4, 7, 10, 13, 16, 19]
    half = resampled(y, 0.5)
    stem = half.radius[:19]
    np.testing.assert_allclose(stem, np.linspace(1, 10, 19), rtol=1e-6)


def test_resampling_follows_a_bend():
    places = np.array([[0, 0, 0], [0, 1, 0], [0, 4, 0], [-1, 4, 0]], dtype=np.float64)
    corner = Tree(places, np.ones(4), np.full(4, 3), np.arange(4) - 1, np.arange(4))
    points = resample(corner, 1.25).xyz
    np.testing.assert_allclose(
        points, [[0, 0, 0], [0, 1.25, 0], [0, 2.5, 0], [0, 3.75, 0], [-1, 4, 0]]
    )


@pytest.mark.parametrize(
    ("part", "factor"),
    [
        ({"units": "nm"}, (1e-3, 1e-3, 1e-3)),
        ({"units": "voxel", "voxel_size_um": [0.5, 0.5, 4.0]}, (0.5, 0.5, 4.0)),
    ],
)
def test_units_scale_each_axis_and_the_radius(tmp_path, part, factor):
    text = PLAIN + "5 3 4 13 9 1 4\n"
    plain, _ = read_text(tmp_path, text)
    scaled, _ = read_text(tmp_path, text, part=part)
    np.testing.assert_allclose(scaled.xyz, plain.xyz * factor, rtol=1e-6)
    np.testing.assert_allclose(scaled.radius, plain.radius * np.prod(factor) ** (1 / 3), rtol=1e-6)


def test_parts_have_units_of_their_own_and_share_ids_and_copies(tmp_path):
    for folder in ("um", "nm"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"in_{folder}.swc").write_text(PLAIN)
    thousandfold = PLAIN.replace("10", "10000").replace("13", "13000").replace("4", "4000")
    (tmp_path / "nm" / "copy.swc").write_text(thousandfold.replace("\n4000 ", "\n4 "))
    parts = [
        Part([tmp_path / "um" / "in_um.swc"]),
        Part([tmp_path / "nm" / "in_nm.swc", tmp_path / "nm" / "copy.swc"], units="nm"),
    ]
    choice = {"compartments": ALL, "resample_um": 0, "roots": "join", "on_bad_input": "skip"}
    forest, quality = read_neurons(parts, **choice)
    assert forest.ids.tolist() == ["in_um", "in_nm"]
    np.testing.assert_allclose(forest.cable_length, [20, 0.02], rtol=1e-6)
    assert quality.set_index("code").loc["same_neuron", "value"] == "in_um.swc"
    with pytest.raises(InputError, match="name of two neurons"):
        read_neurons([parts[0], Part(parts[0].files, units="nm")], **choice)


def test_the_place_of_the_neuron_does_not_matter(tmp_path):
    forest = small_forest(3).neuron(2)
    expected, _ = read_text(tmp_path, swc_text(forest))
    away = [line.split() for line in swc_text(forest).splitlines()[1:]]
    for row in away:
        row[2] = f"{float(row[2]) + 1000:.3f}"
    moved, _ = read_text(tmp_path, "\n".join(" ".join(row) for row in away))
    assert_same(moved, expected, atol=1e-5)


MIXED = PLAIN + "5 2 0 20 0 1 2\n6 2 0 30 0 1 5\n7 3 0 36 0 1 6\n8 4 -9 0 0 1 1\n9 7 9 0 0 1 1\n"


@pytest.mark.parametrize(
    ("compartments", "codes", "cable"),
    [
        (["axon"], {1, 2}, 20 + 10),
        (["apical"], {1, 4}, 9),
        (["other"], {1, 7}, 9),
        (["dendrite", "apical"], {1, 3, 4}, 20 + 26 + 9),
        (ALL, {1, 2, 3, 4, 7}, 20 + 26 + 9 + 9),
    ],
)
def test_compartments_are_chosen_and_lost_pieces_hang_on_the_nearest_ancestor(
    tmp_path, compartments, codes, cable
):
    forest, findings = read_text(tmp_path, MIXED, compartments=compartments)
    assert set(forest.compartment.tolist()) == codes
    np.testing.assert_allclose(forest.cable_length, [cable], rtol=1e-6)
    assert ("reconnected" in findings) == bool(codes in ({1, 2}, {1, 3, 4}))
    assert ("left_out" in findings) == (compartments != ALL)


def test_a_root_that_stands_for_the_soma_stays_whatever_its_type(tmp_path):
    text = PLAIN.replace("1 1 0", "1 2 0")
    forest, findings = read_text(tmp_path, text, compartments=["dendrite"])
    assert list(findings) == ["no_soma"]
    assert segments(forest) == segments(read_text(tmp_path, PLAIN)[0])


def test_a_neuron_without_the_chosen_compartments_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cell\.swc: the file has no apical.*choose compartments"):
        read_text(tmp_path, PLAIN, compartments=["apical"])
    with pytest.raises(InputError, match="no axon, dendrite"):
        read_text(tmp_path, "1 1 0 0 0 1 -1\n")


def three_files(folder: Path) -> list[Path]:
    texts = {"good": PLAIN, "broken": PLAIN.replace("13", "x"), "again": "# copy\n" + PLAIN}
    for name, text in texts.items():
        (folder / f"{name}.swc").write_text(text)
    return [folder / f"{name}.swc" for name in texts]


def test_skipping_lists_every_file_and_leaves_out_the_refused(tmp_path):
    forest, quality = read(three_files(tmp_path), on_bad_input="skip")
    assert forest.ids.tolist() == ["good"]
    verdicts = quality[quality["code"] == "verdict"].set_index("file")
    assert verdicts["verdict"].to_dict() == {
        "good.swc": "ok",
        "broken.swc": "refused",
        "again.swc": "refused",
    }
    assert verdicts["n_nodes"].fillna(-1).tolist() == [4, -1, -1]
    assert verdicts["cable_length_um"].iloc[0] == pytest.approx(20.0)
    findings = quality[quality["severity"] == "refused"].set_index("code")
    assert findings.loc["not_a_number", ["file", "line", "value"]].tolist() == [
        "broken.swc",
        3,
        "x",
    ]
    assert findings.loc["same_neuron", "value"] == "good.swc"
    assert str(tmp_path) not in quality.to_csv()


def test_stopping_names_file_line_value_remedy_and_count(tmp_path):
    files = three_files(tmp_path)
    with pytest.raises(InputError) as caught:
        read(files, on_bad_input="stop")
    for part in ("broken.swc, line 3", "'x'", "correct the line", "2 of 3 files"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="1 of 1 files"):
        read(files[1:2], on_bad_input="skip")


def test_copies_are_found_in_any_order_of_lines_and_sign_of_zero(tmp_path):
    lines = PLAIN.splitlines()
    (tmp_path / "a.swc").write_text(PLAIN)
    (tmp_path / "b.swc").write_text("\n".join(lines[::-1]).replace("0 10 0", "-0.0 10 -0.0"))
    (tmp_path / "c.swc").write_text(PLAIN.replace("13", "13.01"))
    forest, quality = read([tmp_path / f"{name}.swc" for name in "abc"])
    assert forest.ids.tolist() == ["a", "c"]
    assert quality.set_index("code").loc["same_neuron", "value"] == "a.swc"


def test_archives_folders_and_suffixes_read_alike(tmp_path):
    content = {f"deep/{name}.SWC": PLAIN.replace("13", str(name)).encode() for name in (20, 11)}
    write_archive(tmp_path / "cells.ZIP", {**content, "__MACOSX/deep/x.swc": b"", "read.me": b""})
    forest, quality = read([tmp_path / "cells.ZIP"])
    assert forest.ids.tolist() == ["11", "20"]
    assert quality["file"].tolist() == ["cells.ZIP/deep/11.SWC", "cells.ZIP/deep/20.SWC"]
    for name, data in content.items():
        (tmp_path / Path(name).name).write_bytes(data)
    loose, _ = read([tmp_path / "11.SWC", tmp_path / "20.SWC"])
    assert_same(loose, forest)


def test_neurons_of_an_archive_come_in_the_order_of_their_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "cells.zip", "w") as archive:
        for name in ("b", "c", "a"):
            archive.writestr(f"{name}.swc", PLAIN.replace("13", str(ord(name))))
    forest, _ = read([tmp_path / "cells.zip"])
    assert forest.ids.tolist() == ["a", "b", "c"]


def test_files_that_cannot_be_meant_stop_with_their_names(tmp_path):
    (tmp_path / "cell.swc").write_text(PLAIN)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "bad.zip").write_text("no archive")
    write_archive(tmp_path / "cells.zip", {"in/cell.swc": PLAIN.encode()})
    write_archive(tmp_path / "none.zip", {"a.txt": b""})
    for names, complaint in {
        ("cell.swc", "cells.zip"): r"'cell'.*cell\.swc and .*cells\.zip/in/cell\.swc",
        ("notes.txt",): r"notes\.txt is neither",
        ("bad.zip",): r"bad\.zip is not a readable archive",
        ("none.zip",): r"none\.zip holds no \.swc",
        ("absent.swc",): r"absent\.swc does not exist",
        (): "no neurons to read",
    }.items():
        with pytest.raises(InputError, match=complaint):
            read([tmp_path / name for name in names])


def test_damaged_member_of_an_archive_is_refused_not_a_crash(tmp_path):
    write_archive(tmp_path / "cells.zip", {"a.swc": PLAIN.encode(), "b.swc": PLAIN.encode() * 3})
    data = bytearray((tmp_path / "cells.zip").read_bytes())
    data[40] ^= 0xFF
    (tmp_path / "cells.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"cells\.zip/a\.swc: the file cannot be read"):
        read([tmp_path / "cells.zip"], on_bad_input="stop")


@pytest.mark.parametrize("target", ["cells.zip", "cells"])
def test_written_neurons_read_back_equal_and_with_equal_bytes(tmp_path, target):
    forest = small_forest(8)
    for place in ("a", "b"):
        write_swc(tmp_path / place / target, forest, decimals=3)
    assert sha256(tmp_path / "a" / target) == sha256(tmp_path / "b" / target)
    written = tmp_path / "a" / target
    again, quality = read([written] if written.is_file() else sorted(written.iterdir()))
    assert set(quality["verdict"]) == {"ok"}
    assert_same(again, forest, atol=5.1e-4)
    write_swc(tmp_path / "c" / target, again, decimals=3)
    assert sha256(tmp_path / "c" / target) == sha256(written)


def test_pointer_steps_on_a_tree_with_known_answers():
    parent = np.array([-1, 0, 1, 1, 3, -1, 5])
    assert root_of(parent).tolist() == [0, 0, 0, 0, 0, 5, 5]
    assert path_sum(parent, np.arange(7.0)).tolist() == [0, 1, 3, 4, 8, 0, 6]
    assert set(follow(np.array([1, 2, 0, 2])).tolist()) <= {0, 1, 2}
    n = 3000
    assert path_sum(np.arange(n) - 1, np.ones(n)).tolist() == list(range(n))


@pytest.mark.skipif(not REAL.is_dir(), reason="MORPHOFLOW_REAL_SWC names no folder of SWC files")
def test_real_neurons_are_read_without_a_refusal_and_keep_their_cable():
    files = sorted(REAL.rglob("*.swc"))
    forest, quality = read(files, on_bad_input="stop", resample_um=5.0)
    forest.check()
    assert len(forest) == len(files)
    verdicts = quality[quality["code"] == "verdict"]
    kept = verdicts["cable_length_um"] / verdicts["cable_length_read_um"]
    assert kept.between(0.95, 1.01).all()
