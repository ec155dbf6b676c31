"""Labels are joined by id; every label or class that does not fit stops or is listed by name."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import concatenate
from morphoflow.neurons.reading.objects import match_ids, object_table, similar_labels
from morphoflow.neurons.reading.prepare import CODES, MEASURED
from morphoflow.reading.labels import WRITTEN, LabelColumns, read_labels, write_labels
from morphoflow.reading.quality import Report, quality_table
from morphoflow.tables import check_objects
from synthetic_neurons import y_shape

SPLIT = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 1}
FOREST = concatenate([y_shape(identifier=f"n{i}") for i in range(8)])
REPORTS = [Report(f"n{i}.swc", CODES, f"n{i}") for i in range(9)]  # n8 was refused
QUALITY = quality_table(REPORTS, MEASURED, lines=True)


def labels(tmp_path, text: str, columns=None) -> pd.DataFrame:
    (tmp_path / "labels.csv").write_text(text)
    return read_labels([tmp_path / "labels.csv"], columns or LabelColumns("label"))


def rows(*pairs):
    return "id,label\n" + "".join(f"{name},{label}\n" for name, label in pairs)


GOOD = [(f"n{i}", "a" if i < 4 else "b") for i in range(7)] + [("n8", "a")]


def test_labels_are_joined_by_id_in_any_order_and_measures_are_right(tmp_path):
    table = labels(tmp_path, rows(*GOOD[::-1]))
    objects, quality = object_table(FOREST, QUALITY, table, SPLIT, "stop")
    check_objects(objects, "objects")
    assert objects["label"].tolist() == ["a"] * 4 + ["b"] * 3 + [None]
    assert objects["n_tips"].tolist() == [2] * 8 and objects["source"][3] == "n3.swc"
    np.testing.assert_allclose(objects["cable_length_um"], 9)
    pd.testing.assert_frame_equal(quality, QUALITY)
    assert objects.groupby("label")["split"].nunique().tolist() == [3, 3]


def test_a_group_column_keeps_animals_together(tmp_path):
    text = "id,label,animal\n" + "".join(f"n{i},a,m{i // 2}\n" for i in range(8))
    table = labels(tmp_path, text, LabelColumns("label", "animal"))
    objects, _ = object_table(FOREST, QUALITY, table, SPLIT, "stop")
    assert objects.groupby("group")["split"].nunique().max() == 1
    assert objects["group"].nunique() == 4


def test_further_labels_stand_in_columns_of_their_own_and_may_be_rare(tmp_path):
    text = "id,label,layer\n" + "".join(f"n{i},{'ab'[i // 4]},{'56'[i > 6]}\n" for i in range(8))
    table = labels(tmp_path, text, LabelColumns("label", None, ("layer",)))
    objects, quality = object_table(FOREST, QUALITY, table, SPLIT, "stop")
    assert objects["label_by_layer"].tolist() == ["5"] * 7 + ["6"]
    plain, _ = object_table(FOREST, QUALITY, labels(tmp_path, text), SPLIT, "stop")
    pd.testing.assert_frame_equal(objects.drop(columns="label_by_layer"), plain)
    pd.testing.assert_frame_equal(quality, QUALITY)
    with pytest.raises(InputError, match="no column 'region'"):
        labels(tmp_path, text, LabelColumns("label", None, ("region",)))


FAULTS = {
    "a label of no neuron": ([*GOOD, ("ghost", "a")], "stray_label", r"line 10: .*'ghost'"),
    "a class too small": ([*GOOD[:-1], ("n7", "rare")], "small_class", r"'rare' has 1 usable"),
    "a class whose files were all refused": (
        [*GOOD[:-1], ("n8", "gone")],
        "small_class",
        r"'gone' has 0 usable",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_label_that_does_not_fit_stops_or_is_listed(tmp_path, fault):
    pairs, code, named = FAULTS[fault]
    table = labels(tmp_path, rows(*pairs))
    with pytest.raises(InputError, match=named):
        object_table(FOREST, QUALITY, table, SPLIT, "stop")
    objects, quality = object_table(FOREST, QUALITY, table, SPLIT, "skip")
    assert objects["label"].dropna().isin(["a", "b"]).all() and len(objects) == FOREST.n
    listed = quality[quality["code"] == code]
    assert len(listed) == 1 and listed["verdict"].item() == "skipped"


def test_a_faulty_table_is_named_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"labels\.csv, line 3: the id 'n1'"):
        labels(tmp_path, rows(("n1", "a"), ("n1", "b")))
    with pytest.raises(InputError, match=r"no column 'type' \(it has: id, label\)"):
        labels(tmp_path, rows(("n1", "a")), LabelColumns("type"))


def test_tsv_endings_of_ids_and_empty_cells_are_understood(tmp_path):
    (tmp_path / "labels.tsv").write_text("id\tlabel\nn1.swc\ta\nn2\t\n")
    table = read_labels([tmp_path / "labels.tsv"], LabelColumns("label"))
    assert table["id"].tolist() == ["n1", "n2"] and table["label"].tolist() == ["a", None]
    assert table["group"].tolist() == ["n1", "n2"]


def named(tmp_path, *ids: str) -> pd.DataFrame:
    return labels(tmp_path, rows(*((name, "ab"[i % 2]) for i, name in enumerate(ids))))


@pytest.mark.parametrize("form", ["n{}.swc", "N{}", "n{}.CNG", "n{}.CNG.swc", "n{}.swc.gz"])
def test_ids_with_other_endings_or_case_are_those_of_files(tmp_path, form):
    table = named(tmp_path, *(form.format(i) for i in range(8)))
    objects, quality = object_table(FOREST, QUALITY, table, SPLIT, "stop")
    assert objects["label"].tolist() == ["a", "b"] * 4
    assert ("matched_id" in set(quality["code"])) == (form != "n{}.swc")


def lines(*ids: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": ids, "label": "x", "group": ids, "file": "l", "line": range(len(ids))}
    )


def test_files_of_neuromorpho_and_zeros_that_a_spreadsheet_lost_are_found():
    for names, written in {
        ("007", "008"): ("7", "8"),
        ("n1.CNG", "n2.CNG"): ("n1", "n2.swc"),
        ("0", "00a"): ("000", "a"),
        ("007", "1.0"): ("7.0", "1.0"),
        ("n1", "n2"): (r"C:\\cells\\n1.swc", "cells/day 1/n2"),
    }.items():
        table = pd.DataFrame(
            {"id": written, "label": "x", "group": written, "file": "l", "line": 2}
        )
        assert match_ids(table, names)[0]["id"].tolist() == list(names)


def test_an_id_that_could_be_two_neurons_is_neither():
    table = pd.DataFrame(
        {"id": ["7", "x"], "label": "x", "group": "g", "file": "l", "line": [2, 3]}
    )
    assert match_ids(table, ["07", "007", "x"])[0]["id"].tolist() == ["7", "x"]


def test_two_lines_for_one_neuron_are_an_error(tmp_path):
    table = named(tmp_path, *(f"n{i}" for i in range(8)), "n3.CNG")
    with pytest.raises(InputError, match=r"labels\.csv, line 10: the id 'n3' stands"):
        object_table(FOREST, QUALITY, table, SPLIT, "skip")


@pytest.mark.parametrize("on_bad_input", ["stop", "skip"])
def test_a_table_without_any_neuron_is_an_error_in_any_case(tmp_path, on_bad_input):
    with pytest.raises(InputError, match=r"labels\.csv: none of its 2 ids .*'x1'.*'n0'"):
        object_table(FOREST, QUALITY, named(tmp_path, "x1", "x2"), SPLIT, on_bad_input)
    with pytest.raises(InputError, match=r"'7\.20576E\+17' \(a spreadsheet has rounded it\)"):
        object_table(FOREST, QUALITY, named(tmp_path, "7.20576E+17"), SPLIT, on_bad_input)


def test_one_animal_is_split_by_neuron_with_a_note(tmp_path):
    text = "id,label,animal\n" + "".join(f"n{i},{'ab'[i % 2]},mouse\n" for i in range(8))
    table = labels(tmp_path, text, LabelColumns("label", "animal"))
    objects, quality = object_table(FOREST, QUALITY, table, SPLIT, "stop")
    assert objects["group"].tolist() == objects["id"].tolist()
    assert objects.groupby("label")["split"].nunique().tolist() == [3, 3]
    (row,) = quality[quality["code"] == "few_groups"].itertuples()
    assert "1 group(s), such as 'mouse'" in row.message and row.severity == "info"


def test_compartments_are_measured_and_a_mixture_is_noted(tmp_path):
    forest = replace(FOREST, compartment=FOREST.compartment.copy())
    axon = (forest.owner == 2) & (forest.compartment == 3)
    forest.compartment[np.flatnonzero(axon)[:4]] = 2
    forest.compartment[forest.owner == 3] = 7
    objects, quality = object_table(forest, QUALITY, named(tmp_path, "n0"), SPLIT, "skip")
    columns = [f"{name}_length_um" for name in ("axon", "dendrite", "apical", "other")]
    assert objects.loc[[0, 2, 3], columns].to_numpy().tolist() == [
        [0, 9, 0, 0],
        [4, 5, 0, 0],
        [0, 0, 0, 9],
    ]
    assert objects[columns].sum(axis=1).tolist() == objects["cable_length_um"].tolist()
    found = quality[quality["code"] == "mixed_compartments"]["value"].tolist()
    assert found == ["1 of 8", "7 of 8"]


@pytest.mark.parametrize(
    ("labels", "noted"),
    [
        (["PC", "pc", "IN"], True),
        (["1", "1.0"], True),
        (["1.0", "10"], False),
        (["L 2", "L2"], True),
    ],
)
def test_labels_that_are_almost_alike_are_noted(labels, noted):
    assert len(similar_labels(pd.Series([*labels, None]))) == noted


@pytest.mark.parametrize(("scale", "noted"), [(1, False), (1e5, True), (1e-6, True)])
def test_neurons_in_another_unit_are_noted(tmp_path, scale, noted):
    forest = replace(FOREST, xyz=(scale * FOREST.xyz).astype(np.float32))
    _, quality = object_table(forest, QUALITY, named(tmp_path, "n0"), SPLIT, "skip")
    assert ("unusual_size" in set(quality["code"])) == noted


def test_bridges_have_columns_of_their_own(tmp_path):
    forest = replace(FOREST, bridge=FOREST.bridge.copy())
    forest.bridge[[1, 3]] = True
    objects, _ = object_table(forest, QUALITY, named(tmp_path, "n0"), SPLIT, "skip")
    assert objects.loc[:1, "n_bridges"].tolist() == [2, 0]
    assert objects.loc[:1, "bridge_length_um"].tolist() == [2, 0]
    np.testing.assert_allclose(objects.loc[:1, "bridge_share"], [2 / 9, 0])
    assert objects.loc[:1, "cable_length_um"].tolist() == [7, 9]


def test_tables_that_the_project_writes_are_read_like_those_of_users_and_their_damage_is_named(
    tmp_path,
):
    path = tmp_path / f"toy{WRITTEN}"
    table = pd.DataFrame({"id": ["n0", "n1"], "label": ["L2/3", None], "group": ["", "mouse"]})
    write_labels(path, table, {"command": "generate_neurons.py"})
    read = read_labels([path], LabelColumns("label", "group"))
    assert read["id"].tolist() == ["n0", "n1"] and read["group"].tolist() == ["n0", "mouse"]
    assert read["label"].tolist() == ["L2/3", None] and read["line"].tolist() == [2, 3]
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"toy\.labels\.parquet is damaged.*`generate_neurons`"):
        read_labels([path], LabelColumns("label", "group"))
