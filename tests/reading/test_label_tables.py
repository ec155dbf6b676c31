"""Tables of labels: what a line says is joined by id, and what was measured stays measured."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.reading.label_tables import join_labels, read_label_tables
from morphoflow.reading.objects import (
    few_groups,
    joined,
    labels_without,
    small_classes,
    split_of,
    stray_labels,
)

SETTINGS = {"label_column": "label"}


def table(tmp_path, text: str, name: str = "own.csv", **settings) -> list[pd.DataFrame]:
    (tmp_path / name).write_text(text)
    return read_label_tables([], [tmp_path / name], {**SETTINGS, **settings})


def test_what_was_measured_outranks_what_a_table_says_of_it(tmp_path):
    rows = pd.DataFrame({"id": ["a", "b"], "label": None, "group": ["a", "b"], "area_px": [5, 6]})
    said = table(tmp_path, "id,label,area_px,drug,split\nb,x,99,none,test\n")
    joined = join_labels(rows, said)
    assert joined["area_px"].tolist() == [5, 6] and joined["label"].tolist() == [None, "x"]
    assert list(joined) == ["id", "label", "group", "area_px", "drug"]
    assert joined["drug"][1] == "none" and pd.isna(joined["drug"][0])


def test_a_further_column_is_of_numbers_where_all_of_it_is(tmp_path):
    (said,) = table(tmp_path, "id\tlabel\tage\tcode\na\tx\t1.5\t7\nb\ty\t\tseven\n", "t.tsv")
    assert said["age"].dtype == float and np.isnan(said["age"][1])
    assert said["code"].tolist() == ["7", "seven"] and said["line"].tolist() == [2, 3]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00\xd8", b'id,label\n"a', b"PK\x03\x04x", b"\x1f\x8bx"]
)
def test_a_file_that_is_no_table_is_named(tmp_path, content):
    (tmp_path / "bad.csv").write_bytes(content)
    for paths in ([[tmp_path / "bad.csv"], []], [[], [tmp_path / "bad.csv"]]):
        with pytest.raises(InputError, match=r"bad\.csv is not a readable table"):
            read_label_tables(*paths, SETTINGS)


def test_classes_and_groups_that_do_not_fit_are_counted():
    labels = pd.Series(["a", "a", "a", "b", None])
    small = small_classes(labels, named=["c"])
    assert list(small) == ["b", "c"] and "'b' has 1 usable objects" in small["b"]["message"]
    assert "'c' has 0 usable objects" in small["c"]["message"]
    assert labels_without(labels, small).tolist() == ["a", "a", "a", None, None]
    split = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 1}
    (few,) = few_groups(pd.Series(["g", "h", "g"]), split, "add more")
    assert few["value"] == "2" and few["message"].endswith("over 3 splits; add more")
    assert few_groups(pd.Series(["g", "h"]), {**split, "test": 0}, "") == []


def test_a_stray_label_is_named_with_its_line(tmp_path):
    said = table(tmp_path, "id,label\na,x\nghost,y\n")
    (stray,) = stray_labels(said, {"a"})
    assert (stray["id"], stray["file"], stray["line"]) == ("ghost", "own.csv", 3)
    assert stray["message"].startswith("own.csv, line 3: there is no object 'ghost'")


def test_the_split_is_that_of_the_seed():
    labels, groups = pd.Series([None] * 30), pd.Series([f"g{i // 2}" for i in range(30)])
    split = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 1}
    once = split_of(labels, groups, split)
    np.testing.assert_array_equal(once, split_of(labels, groups, split))
    assert (once != split_of(labels, groups, {**split, "seed": 2})).any()
    assert pd.Series(once).groupby(groups).nunique().max() == 1


def test_what_shares_anything_is_one_group():
    names = pd.Series(["d", "b", "c", "a", "e"])
    assert joined(names, [0, 0, 1, 2, 3], [9, 8, 8, 7, 6]).tolist() == ["b", "b", "b", "a", "e"]
    assert joined(names).tolist() == names.tolist()


DIALECTS = {
    "semicolons": "id;label\na;Zelle\nb;Faser\n",
    "tabs in a .csv": "id\tlabel\na\tZelle\nb\tFaser\n",
    "the separator named": "sep=;\nid;label\na;Zelle\nb;Faser\n",
    "an ID in capitals": "ID,label\na,Zelle\nb,Faser\n",
    "empty fields behind": "id,label,,\na,Zelle,,,\nb,Faser,\n",
    "empty rows": "id,label\n\na,Zelle\n,\nb,Faser\n\n\n",
    "blanks, quotes and CR LF": 'id , label\r\n"a",Zelle\r\nb,"Faser"\r\n',
    "a comma in quotes": 'id,label,note\na,Zelle,"x, y"\nb,Faser,\n',
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_tables_of_spreadsheets_say_the_same_in_all_dialects(tmp_path, dialect, encoding):
    text = DIALECTS[dialect].replace("Zelle", "Zelle µ")
    (tmp_path / "own.csv").write_bytes(text.encode(encoding))
    (said,) = read_label_tables([], [tmp_path / "own.csv"], SETTINGS)
    assert said["id"].tolist() == ["a", "b"]
    assert said["label"].tolist() == ["Zelle µ", "Faser"]


def test_a_row_with_more_fields_than_columns_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"own\.csv .*row 3 has more fields than the header"):
        table(tmp_path, "id,label\na,x\nb,y,z\n")
    with pytest.raises(InputError, match=r"two columns are called 'label'"):
        table(tmp_path, "id,label,label\na,x,y\n")
