"""Volumes whose headers declare what cannot be are refused before any memory is taken."""

import json

import h5py
import pytest

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.open import open_volume


def zarr(path, shape, chunks):
    facts = {"dtype": "|u1", "compressor": None, "fill_value": 0, "order": "C", "filters": None}
    content = {"zarr_format": 2, "shape": shape, "chunks": chunks, **facts}
    path.mkdir()
    (path / ".zarray").write_text(json.dumps(content))


def n5(path, shape, chunks):
    facts = {"dataType": "uint8", "compression": {"type": "raw"}}
    path.mkdir()
    (path / "attributes.json").write_text(
        json.dumps({"dimensions": shape, "blockSize": chunks, **facts})
    )


def precomputed(path, shape, chunks):
    scale = {"key": "s", "size": shape, "chunk_sizes": [chunks], "encoding": "raw"}
    scale |= {"resolution": [1, 1, 1], "voxel_offset": [0, 0, 0]}
    facts = {"type": "image", "data_type": "uint8", "num_channels": 1}
    path.mkdir()
    (path / "info").write_text(json.dumps({**facts, "scales": [scale]}))


def hdf5(path, shape, chunks):
    with h5py.File(path, "w") as file:
        file.create_dataset("em", shape=shape, chunks=tuple(chunks), dtype="u1")


MAKERS = [zarr, n5, precomputed, hdf5]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("length", [10**4, 10**6, 2**62])
def test_extents_of_which_next_to_nothing_is_there_are_refused(tmp_path, make, length):
    make(tmp_path / "volume", [length] * 3, [64] * 3)
    with pytest.raises(InputError, match=r"volume (declares|cannot be opened)"):
        open_volume(tmp_path / "volume")


@pytest.mark.parametrize("make", MAKERS)
def test_a_large_volume_that_is_there_in_part_is_opened(tmp_path, make):
    make(tmp_path / "volume", [10**4] * 3, [64] * 3)
    file = tmp_path / "volume"
    with (file / "data" if file.is_dir() else file).open("ab") as stream:
        stream.write(bytes(1_100_000))
    assert open_volume(file).shape == (10**4,) * 3


@pytest.mark.parametrize("make", [zarr, precomputed, hdf5])
def test_a_chunk_beyond_memory_is_refused(tmp_path, make, monkeypatch):
    monkeypatch.setattr("morphoflow.reading.guard.memory_bytes", lambda: 1e6)
    make(tmp_path / "volume", [2000] * 3, [200] * 3)
    with pytest.raises(InputError, match=r"a single chunk would take 0\.0 GB"):
        open_volume(tmp_path / "volume")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("length", [0, -5])
def test_extents_below_one_voxel_are_refused(tmp_path, make, length):
    if make is hdf5 and length < 0:
        pytest.skip("HDF5 itself writes no such file")
    shape = [length, 5, 5]
    if make is hdf5:
        with h5py.File(tmp_path / "volume", "w") as file:
            file.create_dataset("em", shape=shape, dtype="u1")
    else:
        make(tmp_path / "volume", shape, [4] * 3)
    with pytest.raises(InputError, match=r"is empty|cannot be opened"):
        open_volume(tmp_path / "volume")
