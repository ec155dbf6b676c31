"""Several volumes as one dataset: named objects, groups across them, splits, refusals."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.organelles.counting.objects import object_table
from morphoflow.organelles.counting.sources import (
    joined_ids,
    joined_objects,
    joined_quality,
    joined_shapes,
)
from morphoflow.organelles.samples.join import Parts
from morphoflow.plan.organelles import parts_of_datasets
from morphoflow.store import write_samples

SPLIT = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 17}
SETTINGS = {"split": SPLIT, "split_by": "object", "on_bad_input": "stop"}


def volume(n, label="a", group=None, first=1):
    """The object table of one volume, with numbers from ``first`` on."""
    ids = [str(i) for i in range(first, first + n)]
    table = {"id": ids, "source": "labels.zarr", "label": label, "group": group or ids}
    return pd.DataFrame(table | {"split": "train", "voxels": np.arange(n) + 5})


def test_equal_numbers_of_two_volumes_are_two_objects():
    objects, listed = joined_objects({"x": volume(6), "y": volume(6, "b")}, SETTINGS)
    assert objects["id"].is_unique and objects["id"].tolist()[5:7] == ["x:6", "y:1"]
    assert objects["source"].tolist() == ["x"] * 6 + ["y"] * 6
    assert set(objects["split"]) == {"train", "validation", "test"} and not listed
    assert (objects["group"] == objects["id"]).all()
    assert objects["voxels"].tolist() == [*range(5, 11)] * 2


def test_a_source_can_be_the_group_and_a_named_group_is_that_of_all_sources():
    tables = {name: volume(4) for name in "abcdef"}
    objects, _ = joined_objects(tables, SETTINGS | {"split_by": "source"})
    assert objects.groupby("source")["split"].nunique().eq(1).all()
    assert objects["split"].nunique() == 3
    animals = {"a": volume(9, group=["m1", "m2", "m3"] * 3), "b": volume(3, group=["m1"] * 3)}
    objects, _ = joined_objects(animals, SETTINGS)
    assert objects.groupby("group")["split"].nunique().eq(1).all()
    assert set(objects["group"]) == {"m1", "m2", "m3"}


def test_too_few_sources_for_the_splits_and_rare_classes_stop_with_their_numbers():
    tables = {"a": volume(5), "b": volume(5)}
    with pytest.raises(InputError, match=r"2 group\(s\), such as 'a'.*split_by"):
        joined_objects(tables, SETTINGS | {"split_by": "source"})
    tables["b"].loc[0, "label"] = "rare"
    with pytest.raises(InputError, match="'rare' has 1 objects"):
        joined_objects(tables, SETTINGS)
    objects, listed = joined_objects(tables, SETTINGS | {"on_bad_input": "skip"})
    assert objects["label"].isna().sum() == 1
    assert [row["code"] for row in listed] == ["small_class", "one_class"]
    quality = joined_quality({}, listed, len(objects))
    assert quality["code"].tolist() == ["verdict", "small_class", "one_class"]
    assert set(quality["file"]) == {"all sources"}


def test_a_part_may_have_one_object_and_a_dataset_may_not():
    measured = pd.DataFrame({"label_id": [4], "voxels": [9], "touches_border": [False]})
    none = pd.DataFrame({"label_id": [], "label": [], "group": [], "file": [], "line": []})
    settings = SETTINGS | {"min_voxels": 1, "border": "mark"}
    given = (measured, none, pd.Series(dtype=object), "labels.zarr")
    table, _ = object_table(*given, settings | {"part": True})
    assert table["id"].tolist() == ["4"]
    with pytest.raises(InputError, match="1 object"):
        object_table(*given, settings)
    with pytest.raises(InputError, match=r"have 0 object.*at least 1 are needed"):
        object_table(*given, settings | {"part": True, "min_voxels": 20})


def test_a_source_has_a_class_and_a_group_of_its_own_which_a_table_outranks():
    measured = pd.DataFrame({"label_id": [4, 5], "voxels": 9, "touches_border": False})
    known = {"label_id": [5], "label": ["lysosome"], "group": ["m2"], "file": ["a.csv"], "line": 2}
    said = pd.DataFrame(known)
    settings = SETTINGS | {"min_voxels": 1, "border": "mark", "part": True}
    given = (measured, said, pd.Series(dtype=object), "labels.zarr")
    whole = {"class": "mitochondrion", "group": "m1"}
    table, _ = object_table(*given, settings | whole)
    assert table["label"].tolist() == ["mitochondrion", "lysosome"]
    assert table["group"].tolist() == ["m1", "m2"]
    given = (measured, said.iloc[:0], *given[2:])
    _, quality = object_table(*given, settings | whole)
    assert quality["code"].tolist() == ["verdict"]
    table, _ = object_table(*given, settings)
    assert table["label"].isna().all() and table["group"].tolist() == ["4", "5"]


def test_shapes_and_pairs_follow_the_objects():
    tables = {"x": volume(4), "y": volume(4, "b")}
    objects, _ = joined_objects(tables, SETTINGS)
    shapes = {k: t[["id"]].assign(area=len(k) + t["voxels"])[::-1] for k, t in tables.items()}
    made = joined_shapes(shapes, objects)
    assert made["id"].tolist() == objects["id"].tolist()
    assert made["area"].tolist() == (objects["voxels"] + 1).tolist()
    assert made["split"].tolist() == objects["split"].tolist()
    pairs = {"x": pd.DataFrame({"id_a": ["1"], "id_b": ["2"]})}
    assert joined_ids(pairs, "id_a", "id_b").loc[0].tolist() == ["x:1", "x:2", "x"]


def test_samples_of_sources_are_joined_by_their_names(tmp_path):
    for k, name in enumerate("xy"):
        x = np.add.outer([k, k + 0.5], np.zeros(3)).astype(np.float32)
        facts = {"axes": ["object", "value"], "units": "1", "provenance": {"of": name}}
        write_samples(tmp_path / name, ["1", "2"], x, **facts)
    paths, ids = [tmp_path / name for name in "xy"], ["y:2", "x:1", "y:1", "x:2"]
    (batch,) = Parts(paths, pd.Series(ids), ["x", "y"]).batches()
    assert batch.ids == ids and batch.x[:, 0].tolist() == [1.5, 0, 1, 0.5]
    with pytest.raises(InputError, match="made otherwise"):
        Parts(paths, pd.Series(ids))


def test_a_part_has_the_settings_of_its_dataset_and_its_own():
    volumes = {"scale": "object"}
    sources = [{"name": "a", "em": "e", "labels": "l"}, {"name": "b", "phantom": {}, "level": 2}]
    dataset = {"level": 1, "border": "drop", "models": ["features"], "volumes": volumes}
    dataset["masks"] = {"em_url": "zarr://http://localhost/{source}/em.zarr"}
    parts = parts_of_datasets({"d": dataset | {"sources": sources}})
    assert list(parts) == ["d/sources/a", "d/sources/b"]
    assert [p["level"] for p in parts.values()] == [1, 2]
    assert all(p["border"] == "drop" and p["models"] == [] and p["part"] for p in parts.values())
    with pytest.raises(ValueError, match="two are named 'a'"):
        parts_of_datasets({"d": dataset | {"sources": [sources[0]] * 2}})
    with pytest.raises(ValueError, match="set `voxel_nm`"):
        fixed = dataset | {"sources": sources, "volumes": {"scale": "fixed"}}
        parts_of_datasets({"d": fixed})
    with pytest.raises(ValueError, match="one EM for several sources"):
        one = dataset | {"sources": sources, "masks": {"em_url": "zarr://http://localhost/em.zarr"}}
        parts_of_datasets({"d": one})
    assert parts_of_datasets({"d": dataset}) == {}
