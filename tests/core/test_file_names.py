"""Names from data become names of files that give them back, whatever they hold."""

import csv
import zipfile
from unicodedata import normalize

import numpy as np
import pytest

from morphoflow.file_names import LONGEST, TABLE, file_names, name_of_file, without_spaces
from morphoflow.forest import concatenate, single
from morphoflow.swc_files import write_swc

STRANGE = [
    "L2/3",
    "../up",
    "..",
    ".hidden",
    "with space",
    'it\'s "quoted"',
    "Körnerzelle",
    "細胞",
    "a\\b:c*d?e<f>g|h",
    "line\nbreak",
    "nul\0",
    "100%",
    "a%2Fb",
    "tilde~12345678",
]


@pytest.mark.parametrize("name", STRANGE)
def test_a_safe_name_gives_back_the_name_and_is_one_file_that_is_seen(tmp_path, name):
    (file,) = file_names([name])
    assert name_of_file(file) == name
    assert not file.startswith(".") and not set('/\\:*?"<>|\n\0') & set(file)
    (tmp_path / f"{file}.swc").write_text(name)
    assert [path.read_text() for path in tmp_path.iterdir()] == [name]


def test_plain_names_stay_as_they_are():
    plain = ["neuron_1", "cell 7", "A-b.c+d", "ä"]
    assert file_names(plain) == plain


def test_strange_names_stay_different_also_where_case_does_not_count():
    names = [*STRANGE, "A", "a", "Straße", "STRASSE", "x" * 200, "x" * 300, "ä/" * 150, ""]
    names += ["\u00e9", "e\u0301"]  # one letter, as two systems encode it
    files = file_names(names)
    assert len({normalize("NFC", file).casefold() for file in files}) == len(names)
    assert all(0 < len(file.encode()) <= LONGEST + 9 for file in files)
    assert file_names(["b", "b"]) == ["b", "b"]


@pytest.mark.parametrize("length", range(LONGEST - 3, LONGEST + 4))
def test_a_cut_leaves_no_part_of_an_encoded_letter(length):
    (file,) = file_names(["x" * length + "/////"])
    assert name_of_file(file).rstrip("/") in ("x" * length, "x" * LONGEST)


@pytest.mark.parametrize("target", ["folder", "archive.zip"])
def test_neurons_of_strange_classes_are_written_with_a_table_of_their_names(tmp_path, target):
    ids = ["generated_L2/3_0000", "generated_.a_0000", "plain"]
    xyz = np.array([[0, 0, 0], [1, 0, 0]])
    forest = concatenate([single(name, xyz, [-1, 0]) for name in ids])
    path = tmp_path / target
    write_swc(path, forest)
    if path.suffix == ".zip":
        zipfile.ZipFile(path).extractall(tmp_path / "out")
        path = tmp_path / "out"
    rows = list(csv.reader((path / TABLE).open(newline="")))
    assert rows[0] == ["name", "file"] and [row[0] for row in rows[1:]] == ids
    assert sorted(file.name for file in path.iterdir()) == sorted(
        [TABLE, *(f"{row[1]}.swc" for row in rows[1:])]
    )


def test_plain_neurons_need_no_table(tmp_path):
    write_swc(tmp_path / "folder", single("plain", np.zeros((1, 3)), [-1]))
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["plain.swc"]


def test_labels_stand_in_ids_without_spaces_and_no_two_alike():
    made = without_spaces(["PV cell", "PV_cell", "a  b", "plain"])
    assert made["a  b"] == "a_b" and made["plain"] == "plain"
    assert len(set(made.values())) == 4 and not any(" " in text for text in made.values())
