"""A volume's fingerprint: changed where the volume is written anew, and only there."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorstore as ts
import zarr

from morphoflow.organelles.volumes.fingerprint import fingerprint
from volume_formats import FORMATS, SHAPE


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(1, 9, SHAPE).astype(np.uint64)


def by_times(path):
    return fingerprint(path, None, 0, contents=None)


def later(path):
    """The volume with files that were all written a second later."""
    for file in [path, *path.rglob("*")]:
        status = file.stat()
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


@pytest.mark.parametrize("name", FORMATS)
def test_a_copy_that_keeps_times_has_the_fingerprint_of_its_original(name, ids, tmp_path):
    path, copy = tmp_path / name, tmp_path / "copy" / name
    FORMATS[name](path, ids)
    copy.parent.mkdir()
    copier = shutil.copytree if path.is_dir() else shutil.copy2
    copier(path, copy)
    assert by_times(path) == by_times(copy)


@pytest.mark.parametrize("name", FORMATS)
def test_a_volume_that_is_written_anew_has_another_fingerprint(name, ids, tmp_path):
    path = tmp_path / name
    FORMATS[name](path, ids)
    before, by_contents = by_times(path), fingerprint(path, None, 0, contents=tmp_path / "kept")
    later(path)
    assert by_times(path) != before
    assert fingerprint(path, None, 0, contents=tmp_path / "kept") == by_contents
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    FORMATS[name](path, np.where(ids == 3, 0, ids).astype(ids.dtype))
    later(path)
    assert fingerprint(path, None, 0, contents=tmp_path / "kept") not in (before, by_contents)


@pytest.mark.parametrize("options", [{"zarr_format": 2}, {}, {"shards": (8, 8, 8)}])
def test_one_changed_chunk_of_a_zarr_array_changes_the_fingerprint(options, ids, tmp_path):
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(16, 16, 16), dtype="u8", chunks=(4, 4, 4), **options
    )
    array[:] = 1
    before = by_times(tmp_path / "a.zarr")
    array[12:, 12:, 12:] = 2
    assert by_times(tmp_path / "a.zarr") != before


def test_an_absent_chunk_changes_the_fingerprint(ids, tmp_path):
    path = tmp_path / "a.zarr"
    zarr.create_array(path, data=ids, chunks=(4, 4, 4))
    before = by_times(path)
    next(file for file in sorted((path / "c").rglob("*")) if file.is_file()).unlink()
    assert by_times(path) != before


def test_only_the_level_and_array_that_are_read_count(ids, tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    levels = [{"path": f"level{k}"} for k in range(2)]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"datasets": levels}]}
    for name in ("level0", "level1", "labels/cells"):
        group.create_array(name, data=ids, chunks=(4, 4, 4))
    kept = [fingerprint(tmp_path / "a.zarr", None, level, contents=None) for level in range(2)]
    later(tmp_path / "a.zarr" / "level1")
    later(tmp_path / "a.zarr" / "labels" / "cells")
    after = [fingerprint(tmp_path / "a.zarr", None, level, contents=None) for level in range(2)]
    assert after[0] == kept[0] and after[1] != kept[1]


def test_files_that_a_desktop_leaves_and_rewritten_metadata_do_not_count(ids, tmp_path):
    path = tmp_path / "a.zarr"
    zarr.create_array(path, data=ids, chunks=(4, 4, 4))
    before = by_times(path)
    (path / "c" / ".DS_Store").write_text("")
    later(path / "zarr.json")
    assert by_times(path) == before
    text = (path / "zarr.json").read_text()
    (path / "zarr.json").write_text(text.replace("node_type", "node_kind"))
    assert by_times(path) != before


def test_a_scale_of_precomputed_has_a_fingerprint_of_its_own(tmp_path):
    volume = {"type": "segmentation", "data_type": "uint32", "num_channels": 1}
    for factor in (1, 2):
        scale = {"size": [16 // factor] * 3, "resolution": [8 * factor] * 3, "encoding": "raw"}
        spec = {
            "driver": "neuroglancer_precomputed",
            "kvstore": {"driver": "file", "path": f"{tmp_path}/"},
            "multiscale_metadata": volume,
            "scale_metadata": {**scale, "chunk_size": [8] * 3, "key": f"scale{factor}"},
        }
        ts.open(spec, create=True).result().write(np.uint32(factor)).result()
    kept = [fingerprint(tmp_path, None, level, contents=None) for level in range(2)]
    later(tmp_path / "scale2")
    after = [fingerprint(Path(tmp_path), None, level, contents=None) for level in range(2)]
    assert after[0] == kept[0] and after[1] != kept[1]
