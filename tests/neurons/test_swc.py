"""SWC files: spellings, faults, repairs."""

import re

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.neurons.reading.prepare import CODES
from morphoflow.neurons.reading.repair import link
from morphoflow.neurons.reading.swc import parse
from morphoflow.reading.findings import Finding, Refused
from morphoflow.swc_files import swc_text
from swc_texts import PLAIN, assert_same, read, read_text, segments
from synthetic_neurons import random_binary_tree, y_shape


def refusal(text: str | bytes) -> Finding:
    notes: list[Finding] = []
    with pytest.raises(Refused) as caught:
        link(parse(text.encode() if isinstance(text, str) else text, notes), np.ones(3), notes)
    return caught.value.finding


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
    "title": ("Cell 7, layer 5\n" + PLAIN, "title_line", 1, "Cell 7  layer 5"),
    "names of columns": ("\nid type x y z r parent\n" + PLAIN, "title_line", 2, None),
    "page of a server": ("<html>\nNot found\n", "not_a_number", 1, None),
    "underscore": (PLAIN.replace("13", "1_3"), "not_a_number", 3, "1_3"),
    "binary": (b"\x00\x01\x02 7 \xff\xfe\n", "not_a_number", 1, None),
    "decimal comma": (PLAIN.replace("13", "13,5"), "decimal_comma", 3, "13,5"),
    "other order": ("# n x y z r type parent\n" + PLAIN, "column_order", 1, None),
    "radius last": ("\n#id,type,x,y,z,parent,radius\n" + PLAIN, "column_order", 2, None),
    "fraction of an id": (PLAIN.replace("2 3 0", "2.5 3 0"), "not_an_integer", 2, "2.5"),
    "nan as id": (PLAIN.replace("3 3 -4", "nan 3 -4"), "not_an_integer", 3, "nan"),
    "nan": (PLAIN.replace("-4", "nan"), "bad_coordinate", 3, "nan"),
    "infinity": (PLAIN.replace("10", "-inf"), "bad_coordinate", 2, "-inf"),
    "beyond measure": (PLAIN.replace("10", "1e300"), "bad_coordinate", 2, "1e+300"),
    "id given twice": (PLAIN + "2 3 1 1 1 1 1\n", "duplicate_id", 5, "2"),
    "no such parent": (PLAIN + "5 3 9 9 9 1 8\n", "missing_parent", 5, "8"),
    "own parent": (PLAIN + "5 3 9 9 9 1 5\n", "cycle", 5, "5"),
    "cycle": (PLAIN + "\n5 3 9 9 9 1 7\n6 3 8 8 8 1 5\n7 3 7 7 7 1 6\n", "cycle", 6, "5"),
    "id beyond 64 bits": ("9" * 30 + " 1 0 0 0 5 -1\n", "not_an_integer", 1, None),
    "large id as a decimal": (PLAIN + "1e17 3 9 9 9 1 4\n", "not_an_integer", 5, None),
    "a byte that cannot be seen": (PLAIN.replace("13", "1\x1a3"), "not_a_number", 3, "1\\x1a3"),
    "no root": (PLAIN.replace("-1", "4"), "cycle", 1, "1"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_refused_with_code_line_and_value(name):
    text, code, line, value = FAULTS[name]
    found = refusal(text)
    assert (found.code, found.line, found.severity(CODES)) == (code, line, "refused")
    assert value is None or found.value == value


@pytest.mark.parametrize("first", [2**53 - 2, 720575940641500001, 2**63 - 5])
def test_ids_of_64_bits_are_told_apart(tmp_path, first):
    text = PLAIN
    for node in (4, 3, 2, 1):
        text = re.sub(rf"^{node} ", f"{first + node} ", text, flags=re.MULTILINE)
        text = re.sub(rf" {node}$", f" {first + node}", text, flags=re.MULTILINE)
    forest, findings = read_text(tmp_path, text)
    assert not findings
    assert_same(forest, read_text(tmp_path, PLAIN)[0])


def test_a_parent_0_is_that_node_where_there_is_one(tmp_path):
    forest, findings = read_text(tmp_path, "0 1 0 0 0 5 -1\n1 3 9 0 0 1 0\n")
    assert not findings and forest.parent.tolist() == [-1, 0]


@pytest.mark.parametrize(("jump", "named"), [(9, False), (11, True), (1000, True)])
def test_a_segment_is_named_beyond_ten_times_the_others(tmp_path, jump, named):
    nodes = [f"{i} 3 {i + (jump - 1) * (i > 30)} 0 0 1 {i - 1}" for i in range(2, 50)]
    file = tmp_path / "cell.swc"
    file.write_text("\n".join(["1 1 1 0 0 5 -1", *nodes]))
    forest, quality = read([file])
    assert quality["longest_segment_um"].dropna().tolist() == [jump]
    assert forest.cable_length == 47 + jump
    found = quality[quality["code"] == "long_segment"]
    assert found["line"].tolist() == [31] * named
    assert set(quality["verdict"]) == {"ok"}


def test_a_neuron_without_any_cable_is_refused(tmp_path):
    with pytest.raises(InputError, match="in one place, so there is no cable; correct the coord"):
        read_text(tmp_path, "1 1 0 0 0 5 -1\n2 3 0 0 0 1 1\n3 3 0 0 0 1 2\n")


@pytest.mark.parametrize(
    "header",
    [
        "# n T x y z R P",
        "##n,type,x,y,z,radius,parent",
        "# x, y and z in um, radius, parent",
        "#p r x",
    ],
)
def test_headers_that_name_the_usual_order_or_none_are_comments(tmp_path, header):
    forest, findings = read_text(tmp_path, f"{header}\n{PLAIN}")
    assert not findings
    assert_same(forest, read_text(tmp_path, PLAIN)[0])


@pytest.mark.parametrize("header", ["# units: nm", '# Meta: {"units": "nanometer"}', "#Unit = px"])
def test_another_unit_in_the_header_is_noted(tmp_path, header):
    _, findings = read_text(tmp_path, f"# a neuron\n{header}\n{PLAIN}")
    assert list(findings) == ["unit_header"]
    assert not read_text(tmp_path, f"# units: um, 5 nm thick\n{PLAIN}")[1]


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
    "parent 0": (PLAIN.replace("5 -1", "5 0"), "zero_parent", 1),
    "end of a DOS file": (PLAIN + "\x1a", "tail", 5),
    "end of a block": (PLAIN + "\0" * 300 + "\n", "tail", 5),
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
