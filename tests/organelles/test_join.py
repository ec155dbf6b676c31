"""From a volume to joined stores: the number of jobs leaves no trace, and no object is missing."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

import cut_volumes
import join_samples
import sample_points
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.organelles.samples.join import Parts
from morphoflow.store import read_samples, write_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import write_objects

VOLUMES = {"size": 16, "scale": "object", "fill": 0.9, "background": "mask"}
POINTS = {"number": 40, "sampling": "uniform", "scale": "unit", "seed": 3}
FORMS = {"volumes": (cut_volumes, VOLUMES), "points": (sample_points, POINTS)}
NM = [30.0, 8.0, 8.0]


@pytest.fixture
def dataset(tmp_path):
    """A volume of nine boxes with sparse ids up to 64 bits, and its object table."""
    rng = np.random.default_rng(0)
    labels = np.zeros((20, 60, 60), np.uint64)
    em = rng.integers(0, 255, labels.shape).astype(np.uint8)
    rows = []
    for number in range(9):
        label = [7, 2**63 + 5, 2**40, 11, 300, 12, 2**33, 99, 1][number]
        start = np.array([3, 20 * (number // 3) + 2, 20 * (number % 3) + 2])
        stop = start + rng.integers(3, 15, 3)
        place = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        labels[place] = label
        row = {"id": str(label), "label_id": label, "voxels": labels[place].size}
        row |= {f"box_{axis}_start": a for axis, a in zip("zyx", start, strict=True)}
        row |= {f"box_{axis}_stop": b for axis, b in zip("zyx", stop, strict=True)}
        row |= {"intensity_mean": em[place].mean(), "intensity_sd": em[place].std()}
        rows.append(row)
    objects = pd.DataFrame(rows).astype({"label_id": np.uint64})
    objects = objects.assign(source="s", label="a", group=objects["id"], split="train")
    for name, array in {"em": em, "labels": labels}.items():
        zarr.create_array(tmp_path / f"{name}.zarr", data=array, chunks=(8, 16, 16))
    write_objects(tmp_path / "objects.parquet", objects, {})
    return tmp_path


def source(folder):
    em, labels = (str(folder / f"{name}.zarr") for name in ("em", "labels"))
    return {"em": em, "labels": labels, "voxel_size_nm": NM}


def make(folder, form, parts, monkeypatch, **changed):
    """The joined store of a form, made by as many jobs."""
    script, settings = FORMS[form]
    made = [folder / f"{form}_{part}of{parts}.zarr" for part in range(parts)]
    objects = folder / "objects.parquet"
    for part, path in enumerate(made):
        start_as(script, monkeypatch)
        script.main(
            source=source(folder),
            objects=objects,
            settings=settings | changed,
            pose="as_it_lies",
            part=part,
            parts=parts,
            output=path,
        )
    start_as(join_samples, monkeypatch)
    output = folder / f"{form}_of{parts}.zarr"
    join_samples.main(parts=made, names=[], objects=objects, output=output)
    return output


def start_as(script, monkeypatch):
    """Let provenance see the script as the running command."""
    path = Path(script.__file__).relative_to(Path.cwd())
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(path), raising=False)


@pytest.mark.parametrize("form", FORMS)
def test_the_number_of_jobs_leaves_no_trace(dataset, form, monkeypatch):
    """With more jobs than objects, some of them have none."""
    stores = [make(dataset, form, parts, monkeypatch) for parts in (1, 3, 12)]
    assert len({sha256(store) for store in stores}) == 1
    samples = read_samples(stores[0])
    objects = pd.read_parquet(dataset / "objects.parquet")
    assert samples.ids.tolist() == objects["id"].tolist()
    assert samples.scale.shape == (9,) and (samples.scale > 0).all()
    text = (stores[0] / "zarr.json").read_text()
    assert str(dataset) not in text and "of1.zarr" not in text


def test_every_object_is_whole_in_its_volume(dataset, monkeypatch):
    samples = read_samples(make(dataset, "volumes", 2, monkeypatch))
    objects = pd.read_parquet(dataset / "objects.parquet")
    assert samples.attributes["channels"] == ["em", "mask"]
    volume = samples.x[:, 1].astype(float).sum(axis=(1, 2, 3)) / 255 * samples.scale**3.0
    np.testing.assert_allclose(volume, objects["voxels"] * np.prod(NM), rtol=0.01)
    grey, mask = samples.x[:].astype(float).sum(axis=(2, 3, 4)).T
    np.testing.assert_allclose(255 * grey / mask, objects["intensity_mean"], rtol=0.02)


def test_points_have_the_extent_of_their_object(dataset, monkeypatch):
    samples = read_samples(make(dataset, "points", 2, monkeypatch, number=600, scale="nm"))
    objects = pd.read_parquet(dataset / "objects.parquet")
    sides = [(objects[f"box_{a}_stop"] - objects[f"box_{a}_start"]) for a in "xyz"]
    expected = np.stack(sides, axis=1) * NM[::-1]
    found = np.ptp(samples.x[:], axis=1)
    assert (found <= expected + 0.01).all() and (found > expected - np.array(NM[::-1])).all()
    assert (samples.scale == 1).all() and samples.attributes["units"] == "nm"


def test_rows_come_in_the_order_of_the_table_whatever_the_batch(tmp_path):
    ids = [f"o{i}" for i in range(50)]
    order = np.random.default_rng(0).permutation(50)
    x = np.arange(50, dtype=np.float32)[order, None] * [[1, 2]]
    options = {"axes": ["object", "value"], "units": "1", "provenance": {}}
    for part, rows in enumerate([slice(0, 20), slice(20, 20), slice(20, 50)]):
        chosen = [ids[i] for i in order[rows]]
        scale = x[rows, 0] + 100
        write_samples(tmp_path / f"{part}.zarr", chosen, x[rows], scale=scale, **options)
    parts = Parts([tmp_path / f"{part}.zarr" for part in range(3)], pd.Series(ids))
    for most in (1, 30, 10**6):
        batches = list(parts.batches(most))
        assert np.concatenate([batch.x for batch in batches])[:, 1].tolist() == list(
            range(0, 100, 2)
        )
        assert np.concatenate([batch.scale for batch in batches]).tolist() == list(range(100, 150))
        assert max(batch.x.nbytes for batch in batches) <= max(most, x[:1].nbytes)
        assert [name for batch in batches for name in batch.ids] == ids


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    options = {"axes": ["object", "value"], "units": "1"}
    x = np.zeros((2, 1), np.float32)
    write_samples(tmp_path / "a.zarr", ["a", "b"], x, **options, provenance={"seed": 1})
    write_samples(tmp_path / "b.zarr", ["c", "d"], x, **options, provenance={"seed": 2})
    write_samples(tmp_path / "c.zarr", ["b", "c"], x, **options, provenance={"seed": 1})
    with pytest.raises(InputError, match="made otherwise"):
        Parts([tmp_path / "a.zarr", tmp_path / "b.zarr"], pd.Series(list("abcd")))
    with pytest.raises(InputError, match="'c'"):
        Parts([tmp_path / "a.zarr"], pd.Series(list("abc")))
    with pytest.raises(InputError, match="twice"):
        Parts([tmp_path / "a.zarr", tmp_path / "c.zarr"], pd.Series(list("abc")))


def test_scales_and_chunks_of_zeros_are_written_block_by_block_as_at_once(tmp_path):
    x = np.zeros((5, 1 << 20), np.float32)  # each sample is a chunk
    x[[0, 3], 7] = 1
    scale, ids = np.arange(5, dtype=np.float32), list("abcde")
    options = {"axes": ["object", "value"], "units": "1", "provenance": {}}
    write_samples(tmp_path / "whole.zarr", ids, x, scale=scale, **options)
    with stream_samples(tmp_path / "blocks.zarr", **options) as stream:
        for rows in (slice(0, 2), slice(2, 5)):
            stream.append(ids[rows], x[rows], scale=scale[rows])
    assert sha256(tmp_path / "whole.zarr") == sha256(tmp_path / "blocks.zarr")
    assert sorted(path.name for path in (tmp_path / "blocks.zarr/x/c").iterdir()) == ["0", "3"]
    samples = read_samples(tmp_path / "blocks.zarr")
    np.testing.assert_array_equal(samples.x[:], x)
    np.testing.assert_array_equal(samples.scale, scale)
