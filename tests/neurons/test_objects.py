"""Labels are joined by id; every label or class that does not fit stops or is listed by name."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import concatenate
from morphoflow.neurons.reading.objects import object_table
from morphoflow.neurons.reading.prepare import CODES, MEASURED
from morphoflow.reading.labels import LabelColumns, read_labels
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
