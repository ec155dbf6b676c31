"""Labels are joined by id, copies stay together, and what does not fit stops or is listed."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from morphoflow.cells.reading.crops import as_rows, as_table
from morphoflow.cells.reading.objects import object_table
from morphoflow.cells.reading.prepare import CODES
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.manifest import write_manifest
from morphoflow.reading.label_tables import read_label_tables
from morphoflow.reading.quality import COUNTS, Report
from morphoflow.store import read_samples
from morphoflow.tables import check_objects, read_objects, read_table
from places import SCRIPTS
from synthetic_cells import SETTINGS, write_crops, write_fields

SPLIT = SETTINGS["split"]
REPORTS = [Report("field0.tif", CODES, measured=dict.fromkeys(COUNTS, 12))]


def rows(n: int = 12, label=None, group=None, content=None) -> pd.DataFrame:
    table = as_table([as_rows([f"c{i}" for i in range(n)], "field0.tif", label=label)])
    table["group"] = table["id"] if group is None else group
    table["digest"] = list(range(n)) if content is None else content
    return table


def tables(tmp_path, text: str, fetched: str | None = None, **settings) -> list[pd.DataFrame]:
    (tmp_path / "own.csv").write_text(text)
    paths = []
    if fetched is not None:
        (tmp_path / "fetched.csv").write_text(fetched)
        paths = [tmp_path / "fetched.csv"]
    return read_label_tables(paths, [tmp_path / "own.csv"], {"label_column": "label", **settings})


def lines(*pairs) -> str:
    return "id,label\n" + "".join(f"{name},{label}\n" for name, label in pairs)


GOOD = [(f"c{i}", "ab"[i % 2]) for i in range(12)]


def test_labels_are_joined_by_id_and_groups_of_the_source_stay(tmp_path):
    group = [f"image{i // 3}" for i in range(12)]
    objects, quality = object_table(
        rows(group=group), REPORTS, tables(tmp_path, lines(*GOOD[::-1])), SPLIT, "stop"
    )
    check_objects(objects, "objects")
    assert objects["label"].tolist() == list("ab" * 6) and objects["group"].tolist() == group
    assert objects.groupby("group")["split"].nunique().max() == 1
    assert quality["code"].tolist() == ["verdict"] and "digest" not in objects


def test_the_users_label_outranks_the_fetched_one_and_further_columns_come_along(tmp_path):
    fetched = "id,label,group,treatment,crop_scale\n" + "".join(
        f"c{i},old,g{i},{'xyz'[i % 3]},0.5\n" for i in range(12)
    )
    table = rows().assign(crop_scale=2.0)
    own = tables(tmp_path, lines(*GOOD[:6]), fetched)
    objects, _ = object_table(table, REPORTS, own, SPLIT, "stop")
    assert objects["label"].tolist() == list("ab" * 3) + ["old"] * 6
    assert objects["group"].tolist() == [f"g{i}" for i in range(12)]
    assert objects["treatment"].tolist() == list("xyz" * 4)
    assert (objects["crop_scale"] == 1.0).all()
    by_treatment = tables(tmp_path, "id,treatment\n", fetched, label_column="treatment")
    objects, _ = object_table(table, REPORTS, by_treatment, SPLIT, "stop")
    assert objects["label"].tolist() == list("xyz" * 4)


def test_exact_copies_share_one_group_and_are_listed():
    content = [0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 10, 11]
    group = [f"image{i // 2}" for i in range(12)]  # c0 is in image0, its copy c5 in image2
    objects, quality = object_table(rows(content=content, group=group), REPORTS, [], SPLIT, "stop")
    together = objects[objects["group"] == "image0"]
    assert together["id"].tolist() == ["c0", "c1", "c4", "c5"]
    assert together["split"].nunique() == 1 and objects["group"].nunique() == 5
    (note,) = quality[quality["code"] == "same_crop"].to_dict("records")
    assert (note["id"], note["value"]) == ("c5", "c0") and note["severity"] == "info"


def test_copies_of_copies_end_in_one_group():
    content = [0, 1, 1, 2, 2, 3, 6, 7, 8, 9, 10, 11]
    group = ["p", "p", "q", "q", "r", "r", *"stuvwx"]
    objects, _ = object_table(rows(content=content, group=group), REPORTS, [], SPLIT, "stop")
    assert objects["group"].tolist() == ["p"] * 6 + list("stuvwx")


def test_crops_of_which_nothing_tells_the_image_are_said_to_be_split_alone():
    alone = object_table(rows(), REPORTS, [], SPLIT, "stop")[1]
    (note,) = alone[alone["code"] == "images_unknown"].to_dict("records")
    assert note["value"] == "12" and "group_column" in note["message"]
    of_images = rows(group=[f"image{i // 2}" for i in range(12)])
    assert "images_unknown" not in set(object_table(of_images, REPORTS, [], SPLIT, "stop")[1].code)
    cut = rows().assign(image="field0")
    assert "images_unknown" not in set(object_table(cut, REPORTS, [], SPLIT, "stop")[1].code)


def test_one_class_is_allowed_and_noted():
    table = rows(label="only", group=[f"image{i // 2}" for i in range(12)])
    objects, quality = object_table(table, REPORTS, [], SPLIT, "stop")
    assert set(objects["split"]) == {"train", "validation", "test"}
    assert quality["code"].tolist() == ["verdict", "one_class"]


def test_objects_without_a_label_are_counted_where_others_have_one(tmp_path):
    def noted(text):
        quality = object_table(rows(), REPORTS, tables(tmp_path, text), SPLIT, "stop")[1]
        return quality[quality["code"] == "unlabelled"]["message"].tolist()

    assert noted(lines(*GOOD)) == noted("id,label\n") == []
    assert noted(lines(*GOOD[3:])) == ["3 of 12 objects have no label, such as 'c0'"]
    assert noted(lines(*GOOD[:-1], ("c11", "NA"))) == [
        "1 of 12 objects have no label, such as 'c11'"
    ]


FAULTS = {
    "stray_label": (lines(*GOOD, ("ghost", "a")), {}, r"own\.csv, line 14: .* 'ghost'"),
    "small_class": (lines(*GOOD[:-1], ("c11", "rare")), {}, r"'rare' has 1 usable objects"),
    "few_groups": (lines(*GOOD), {"group": "field0"}, r"1 group\(s\), such as 'field0'"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_label_or_group_that_does_not_fit_stops_or_is_listed(tmp_path, code):
    text, options, sentence = FAULTS[code]
    labels = tables(tmp_path, text)
    with pytest.raises(InputError, match=sentence):
        object_table(rows(**options), REPORTS, labels, SPLIT, "stop")
    objects, quality = object_table(rows(**options), REPORTS, labels, SPLIT, "skip")
    listed = quality[quality["code"] == code]
    assert len(listed) == 1 and listed["verdict"].item() == "skipped"
    assert objects["label"].dropna().isin(["a", "b"]).all() and len(objects) == 12


def test_an_id_in_two_tables_of_the_user_stops(tmp_path):
    (tmp_path / "a.csv").write_text(lines(*GOOD))
    (tmp_path / "b.csv").write_text(lines(*GOOD[3:4]))
    with pytest.raises(InputError, match="two label tables name 'c3'"):
        read_label_tables([], [tmp_path / "a.csv", tmp_path / "b.csv"], {"label_column": "label"})


def command(folder, out, *sources, **settings):
    """Run the entry script; its outputs are objects.parquet, quality.parquet and crops.zarr."""
    paths = {name: out / f"{name}.parquet" for name in ("objects", "quality")}
    flags = [f"--{name}={path}" for name, path in {**paths, "samples": out / "crops.zarr"}.items()]
    arguments = [f"--sources={json.dumps(sources)}", f"--settings={json.dumps(settings)}"]
    return subprocess.run(
        [sys.executable, SCRIPTS / "read_cells.py", *arguments, *flags, "--labels"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_writes_three_results_that_agree_and_repeat(tmp_path):
    pairs = write_fields(tmp_path / "fields", n=4)
    write_crops(tmp_path / "crops.h5")
    write_manifest(tmp_path, {})
    sources = [pairs, {"folder_of_source": str(tmp_path)}]
    for name in ("one", "two"):
        done = command(tmp_path, tmp_path / name, *sources, **SETTINGS)
        assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "48 of 60 objects have no label, such as 'field0_1'\n"
        "60 crops; files by verdict: {'ok': 5}\n"
    )
    for file in ("objects.parquet", "quality.parquet", "crops.zarr"):
        assert sha256(tmp_path / "one" / file) == sha256(tmp_path / "two" / file)
    objects = read_objects(tmp_path / "one" / "objects.parquet")
    samples = read_samples(tmp_path / "one" / "crops.zarr")
    assert samples.ids.tolist() == objects["id"].tolist() and samples.x.shape == (60, 1, 32, 32)
    assert samples.x.dtype == np.float32 and set(objects["label"].dropna()) == {"long", "round"}
    assert read_table(tmp_path / "one" / "quality.parquet")["n_objects"].sum() == 60
    schema = pq.read_schema(tmp_path / "one" / "objects.parquet")
    record = json.loads(schema.metadata[b"morphoflow"])
    assert record["settings"]["sources"] == [{}, {"name": tmp_path.name}]
    assert str(tmp_path) not in str(record)


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path):
    pairs = write_fields(tmp_path / "fields", n=2)
    done = command(tmp_path, tmp_path / "out", pairs, **SETTINGS)
    assert done.returncode == 1 and not list((tmp_path / "out").iterdir())
    assert done.stderr.startswith("error: the objects form 2 group(s)")
    assert done.stderr.count("\n") == 1
