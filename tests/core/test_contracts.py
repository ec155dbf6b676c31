"""Each contract: written is read back, equal content gives equal bytes, bad content stops."""

import json
import shutil
import time
import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import zarr

from morphoflow.embedding import make_embedding, read_embedding, write_embedding
from morphoflow.errors import InputError
from morphoflow.files import sha256, whole
from morphoflow.model import Model, read_model, write_model
from morphoflow.store import read_samples, write_samples
from morphoflow.tables import align_objects, read_objects, write_objects

PROVENANCE = {"command": "test", "settings": {"b": 1, "a": [2]}}


def objects(n: int = 6) -> pd.DataFrame:
    ids = [f"neuron ü{i}" for i in range(n)]
    labels = ["a", None, "b"] * (n // 3)
    columns = {"source": "s", "label": labels, "group": ids, "split": "train", "cable_um": 1.5}
    return pd.DataFrame({"id": ids} | columns)


def write_all(folder, x):
    rows = objects()
    names = ["f_um", "g"]
    write_objects(folder / "objects.parquet", rows, PROVENANCE)
    write_samples(
        folder / "x.zarr",
        rows["id"],
        x,
        axes=["neuron", "feature"],
        units="um",
        names=names,
        length=np.full(6, 2),
        provenance=PROVENANCE,
    )
    write_embedding(folder / "e.h5ad", make_embedding(x, rows, PROVENANCE))
    model = Model(
        "m", "m/model.py", {"s": 1}, {"names": names}, {"w": torch.from_numpy(x)}, PROVENANCE
    )
    write_model(folder / "model.pt", model)


def test_round_trip(tmp_path):
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    write_all(tmp_path, x)
    pd.testing.assert_frame_equal(read_objects(tmp_path / "objects.parquet"), objects())
    schema = pq.read_schema(tmp_path / "objects.parquet")
    assert json.loads(schema.metadata[b"morphoflow"]) == PROVENANCE
    samples = read_samples(tmp_path / "x.zarr")
    np.testing.assert_array_equal(samples.x[:], x)
    assert list(samples.ids) == list(objects()["id"]) and samples.names == ["f_um", "g"]
    assert samples.mask is None and samples.length.tolist() == [2] * 6
    assert samples.attributes["provenance"] == PROVENANCE
    embedding = read_embedding(tmp_path / "e.h5ad")
    np.testing.assert_array_equal(embedding.X, x)
    assert list(embedding.obs_names) == list(objects()["id"])
    assert embedding.obs["label"].isna().sum() == 2
    model = read_model(tmp_path / "model.pt")
    assert torch.equal(model.state["w"], torch.from_numpy(x)) and model.settings == {"s": 1}


def test_equal_content_gives_equal_bytes_at_any_time(tmp_path):
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_all(tmp_path / name, x)
        time.sleep(1.1)
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")


def test_a_changed_value_or_name_changes_the_checksum(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    first = sha256(tmp_path / "a")
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    second = sha256(tmp_path / "a")
    (tmp_path / "a" / "y").write_bytes(b"2")
    assert len({first, second, sha256(tmp_path / "a")}) == 3


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_interrupted_write_leaves_the_old_content_and_nothing_else(tmp_path, kind):
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(RuntimeError), whole(target) as partial:
        partial.mkdir() if kind == "folder" else partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_objects_are_refused_with_their_fault(tmp_path):
    for change, named in [
        ({"id": ["x"] * 6}, "'x'"),
        ({"split": ["dev"] * 6}, "'dev'"),
    ]:
        with pytest.raises(InputError, match=named):
            write_objects(tmp_path / "o.parquet", objects().assign(**change), {})
    with pytest.raises(InputError, match="group"):
        write_objects(tmp_path / "o.parquet", objects().drop(columns="group"), {})
    assert not list(tmp_path.iterdir())


def test_values_that_are_not_finite_are_refused_by_name(tmp_path):
    x = np.zeros((6, 2), np.float32)
    x[4, 1] = np.nan
    with pytest.raises(InputError, match="neuron ü4"):
        write_samples(
            tmp_path / "x.zarr", objects()["id"], x, axes=["n", "f"], units="um", provenance={}
        )
    with pytest.raises(InputError, match="neuron ü4"):
        make_embedding(x, objects(), {})


def test_only_what_may_be_missing_is_and_infinite_values_are_never_written(tmp_path):
    x = np.array([[1, 2], [3, np.nan]], dtype=np.float32)
    facts = {"axes": ["object", "feature"], "units": "1", "provenance": {}}
    write_samples(tmp_path / "a.zarr", ["a", "b"], x, missing=True, **facts)
    np.testing.assert_array_equal(read_samples(tmp_path / "a.zarr").x[:], x)
    with pytest.raises(InputError, match="'b' has a value that is not finite"):
        write_samples(tmp_path / "b.zarr", ["a", "b"], x, **facts)
    x[0, 1] = np.inf
    with pytest.raises(InputError, match="'a' has a value that is not finite"):
        write_samples(tmp_path / "c.zarr", ["a", "b"], x, missing=True, **facts)


def test_rows_follow_the_order_of_the_samples():
    ids = objects()["id"].tolist()[::-1]
    assert align_objects(objects(), ids, "x")["id"].tolist() == ids
    with pytest.raises(InputError, match="stranger"):
        align_objects(objects(), ["stranger"], "x")


def test_a_damaged_file_is_named(tmp_path):
    for name, read in [
        ("m.pt", read_model),
        ("o.parquet", read_objects),
        ("e.h5ad", read_embedding),
    ]:
        (tmp_path / name).write_bytes(b"not this format")
        with pytest.raises(InputError, match=name):
            read(tmp_path / name)
    with pytest.raises(InputError, match=r"none\.zarr"):
        read_samples(tmp_path / "none.zarr")


def test_a_store_without_one_of_its_arrays_is_named(tmp_path):
    x = np.ones((6, 2), np.float32)
    path = tmp_path / "x.zarr"
    write_samples(path, objects()["id"], x, axes=["n", "f"], units="um", provenance={})
    shutil.rmtree(path / "x")
    with pytest.raises(InputError, match=r"x\.zarr holds no array 'x'; remake"):
        read_samples(path)


def test_others_read_a_store_by_its_dimensions_ids_and_without_a_warning(tmp_path):
    path = tmp_path / "s.zarr"
    x, small = np.ones((2, 1, 8, 8), np.float32), np.ones((2, 1, 4, 4), np.float32)
    axes = ["object", "channel", "y", "x"]
    options = {"axes": axes, "units": "intensity", "provenance": {}, "levels": {4: small}}
    write_samples(path, ["a", "bü/3"], x, mask=x > 0, **options)
    (path / ".snakemake_timestamp").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        members = dict(zarr.open_group(path, mode="r").members())
    named = {name: array.metadata.dimension_names for name, array in members.items()}
    smaller = ("object", "channel", "y_4", "x_4")
    assert named == {"x": tuple(axes), "mask": tuple(axes), "id": ("object",), "x_4": smaller}
    assert members["id"][:].tolist() == ["a", "bü/3"]
