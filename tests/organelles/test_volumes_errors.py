"""Volumes that cannot be read: one sentence each, with the file and the way out."""

import json

import h5py
import numcodecs
import numpy as np
import pytest
import tifffile
import zarr
import zarr.codecs
from PIL import Image as Pillow

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.watched import watched_files

SHAPE = (6, 8, 10)
WHOLE = Box((0, 0, 0), SHAPE)
VALUES = np.random.default_rng(0).integers(1, 60_000, SHAPE).astype(np.uint16)


def slices(folder, numbers, *, shape=(8, 10), ending="png", name="s{}"):
    folder.mkdir(exist_ok=True)
    for number in numbers:
        plane = np.full(shape, 3, np.uint8)
        Pillow.fromarray(plane).save(folder / f"{name.format(number)}.{ending}")
    return folder


def test_what_is_not_there_or_no_volume(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.zarr does not exist"):
        open_volume(tmp_path / "nothing.zarr")
    (tmp_path / "notes.txt").write_text("no volume")
    with pytest.raises(InputError, match=r"notes\.txt is no volume in a known format"):
        open_volume(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="holds no volume in a known format"):
        open_volume(tmp_path)
    with pytest.raises(ValueError, match="is no volume"):
        watched_files(tmp_path)


def test_missing_keys_list_those_that_are_there(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("raw/em", data=VALUES)
    group.create_array("labels", data=VALUES)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/em"], file["labels"] = VALUES, VALUES
    for name in ("a.zarr", "a.h5"):
        for key in ("nuclei", None):
            with pytest.raises(InputError, match=r"it holds: labels, raw/em\); set the key"):
                open_volume(tmp_path / name, key=key)
        assert open_volume(tmp_path / name, key="raw/em").shape == SHAPE


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 10), "2 axes"),
        ((2, 6, 8, 10), "4 axes"),
        ((0, 8, 10), "is empty"),
        ((1, 1, 8, 10), "4 axes"),
    ],
)
@pytest.mark.parametrize("name", ["a.zarr", "a.h5"])
def test_arrays_that_are_no_volume(name, shape, message, tmp_path):
    array = np.zeros(shape, np.uint16)
    if name == "a.zarr":
        chunks = tuple(max(1, n) for n in shape)
        zarr.create_array(tmp_path / name, shape=shape, dtype="uint16", chunks=chunks)
    else:
        with h5py.File(tmp_path / name, "w") as file:
            file["x"] = array
    with pytest.raises(InputError, match=message):
        open_volume(tmp_path / name, key="x" if name == "a.h5" else None)


def test_levels_and_channels_that_are_not_there(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("0", data=np.stack([VALUES, VALUES]))
    axes = [{"name": name} for name in "czyx"]
    scale = [{"type": "scale", "scale": [1, 1, 1, 1]}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    with pytest.raises(InputError, match="1 levels, but level 3 is set"):
        open_volume(tmp_path / "a.zarr", level=3)
    with pytest.raises(InputError, match="2 entries along its axis c"):
        open_volume(tmp_path / "a.zarr")
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes}]}
    with pytest.raises(InputError, match=r"metadata of .* are not as the format says"):
        open_volume(tmp_path / "a.zarr")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_damaged_chunk_is_named_with_its_box(zarr_format, tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=VALUES, chunks=(3, 4, 5), zarr_format=zarr_format)
    chunk = tmp_path / "a.zarr" / ("0.1.1" if zarr_format == 2 else "c/0/1/1")
    chunk.write_bytes(chunk.read_bytes()[:20])
    volume = open_volume(tmp_path / "a.zarr")
    message = rf"a\.zarr: voxels z 0 to 2, y 4 to 7, x 5 to 9 cannot be read.*{chunk.name}"
    with pytest.raises(InputError, match=message):
        volume.read(WHOLE)
    np.testing.assert_array_equal(volume.read(Box((3, 0, 0), SHAPE)), VALUES[3:])


@pytest.mark.parametrize("codec", ["GZip", "Zlib", "Zstd"])
@pytest.mark.parametrize("content", [b"", b"?", b"?" * 40])
def test_a_chunk_of_other_bytes_is_named_whatever_its_decoder_says_of_it(codec, content, tmp_path):
    settings = {"zarr_format": 2, "compressors": getattr(numcodecs, codec)()}
    zarr.create_array(tmp_path / "a.zarr", data=VALUES, chunks=SHAPE, **settings)
    (tmp_path / "a.zarr/0.0.0").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.zarr: voxels .* cannot be read"):
        open_volume(tmp_path / "a.zarr").read(WHOLE)


def test_a_chunk_of_fewer_voxels_than_it_should_hold_is_refused(tmp_path):
    for name, chunks in (("a", (3, 4, 5)), ("b", (3, 4, 2))):
        zarr.create_array(tmp_path / f"{name}.zarr", data=VALUES, chunks=chunks)
    smaller = (tmp_path / "b.zarr/c/0/0/0").read_bytes()
    (tmp_path / "a.zarr/c/0/0/0").write_bytes(smaller)
    volume = open_volume(tmp_path / "a.zarr")
    for box in (WHOLE, Box((1, 1, 1), (2, 2, 2))):
        with pytest.raises(InputError, match="cannot be read"):
            volume.read(box)


@pytest.mark.parametrize("codec", ["zstd", "gzip", "blosc", None])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_chunks_of_any_codec_that_reach_beyond_the_volume(zarr_format, codec, tmp_path):
    source = numcodecs if zarr_format == 2 else zarr.codecs
    names = {"zstd": ("Zstd", "ZstdCodec"), "gzip": ("GZip", "GzipCodec")}
    names |= {"blosc": ("Blosc", "BloscCodec")}
    compressor = codec and getattr(source, names[codec][zarr_format - 2])()
    settings = {"chunks": (4, 16, 3), "zarr_format": zarr_format, "compressors": compressor}
    zarr.create_array(tmp_path / "a.zarr", data=VALUES, **settings)
    volume = open_volume(tmp_path / "a.zarr")
    for box in (WHOLE, Box((4, 0, 9), SHAPE), Box((2, 1, 2), (6, 8, 10))):
        np.testing.assert_array_equal(volume.read(box), VALUES[box.slices])


def test_damaged_metadata(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=VALUES)
    (tmp_path / "a.zarr" / "zarr.json").write_text('{"node_type": ')
    with pytest.raises(InputError, match=r"zarr\.json cannot be read as JSON"):
        open_volume(tmp_path / "a.zarr")
    (tmp_path / "attributes.json").write_text("[" * 10**5)
    for of in (open_volume, watched_files):
        with pytest.raises(
            (InputError, ValueError), match=r"attributes\.json cannot be read as JSON"
        ):
            of(tmp_path)
    (tmp_path / "a.zarr" / "zarr.json").write_text('{"node_type": "array", "zarr_format": 3}')
    with pytest.raises(InputError, match=r"a\.zarr cannot be opened .*; correct its metadata"):
        open_volume(tmp_path / "a.zarr")


def test_files_that_end_early(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=VALUES, chunks=(3, 4, 5), compression="gzip")
        offset = file["x"].id.get_chunk_info(5).byte_offset
    damaged = bytearray((tmp_path / "a.h5").read_bytes())
    damaged[offset : offset + 20] = bytes(20)
    (tmp_path / "a.h5").write_bytes(damaged)
    with pytest.raises(InputError, match=r"a\.h5:/x: voxels z 0 to 5"):
        open_volume(tmp_path / "a.h5").read(WHOLE)
    for name, options in (("raw.tif", {}), ("zip.tif", {"compression": "zlib"})):
        path = tmp_path / name
        tifffile.imwrite(path, VALUES, photometric="minisblack", metadata=None, **options)
        path.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(InputError, match=rf"{name}.*copy or export"):
            open_volume(path).read(WHOLE)


def test_tiff_files_that_are_no_stack(tmp_path):
    tifffile.imwrite(tmp_path / "one.tif", VALUES[0])
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((5, 8, 10, 3), np.uint8), photometric="rgb")
    with tifffile.TiffWriter(tmp_path / "sizes.tif") as writer:
        for size in (8, 9):
            writer.write(np.zeros((size, 10), np.uint8))
    for name, message in (("one", "a single slice"), ("rgb", "colours"), ("sizes", "holds 2 im")):
        with pytest.raises(InputError, match=rf"{name}\.tif holds .*{message}|{message}"):
            open_volume(tmp_path / f"{name}.tif")


def test_slices_with_a_gap_a_repeat_or_unlike_the_others(tmp_path):
    with pytest.raises(InputError, match=r"lacks a slice between s9\.png and s11\.png"):
        open_volume(slices(tmp_path / "gap", [7, 8, 9, 11]))
    with pytest.raises(InputError, match="with the same number"):
        open_volume(slices(tmp_path / "twice", ["1", "01", "2"]))
    assert open_volume(slices(tmp_path / "even", [0, 2, 4])).shape[0] == 3
    assert open_volume(slices(tmp_path / "of", [1, 2, 3], name="z{}_of_3_ch1")).shape[0] == 3
    slices(slices(tmp_path / "sizes", [1, 2]), [3], shape=(8, 11))
    with pytest.raises(InputError, match=r"s3\.png is 8 x 11 uint8, but s1\.png is 8 x 10 uint8"):
        open_volume(tmp_path / "sizes")
    slices(slices(tmp_path / "mixed", [1, 2]), [3], ending="tif")
    with pytest.raises(InputError, match="as PNG and as TIFF"):
        open_volume(tmp_path / "mixed")


def test_slices_in_colour_or_damaged(tmp_path):
    slices(tmp_path / "rgb", [1])
    Pillow.fromarray(np.zeros((8, 10, 3), np.uint8)).save(tmp_path / "rgb" / "s2.png")
    with pytest.raises(InputError, match=r"s2\.png is in colour \(RGB\)"):
        open_volume(tmp_path / "rgb")
    file = slices(tmp_path / "damaged", [1, 2, 3]) / "s2.png"
    noise = np.random.default_rng(0).integers(0, 256, (8, 10)).astype(np.uint8)
    Pillow.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[:70])
    volume = open_volume(tmp_path / "damaged")
    with pytest.raises(InputError, match="damaged: voxels z 1 to 1, y 0 to 7, x 0 to 9"):
        volume.read(Box((0, 0, 0), (3, 8, 10)))
    file.write_bytes(b"")
    with pytest.raises(InputError, match=r"s2\.png cannot be read"):
        open_volume(tmp_path / "damaged")


def test_precomputed_and_n5_that_hold_no_plain_volume(tmp_path):
    (tmp_path / "info").write_text(json.dumps({"@type": "neuroglancer_legacy_mesh"}))
    with pytest.raises(InputError, match="lists no scales"):
        open_volume(tmp_path)
    (tmp_path / "a.n5").mkdir()
    multiset = {"dimensions": [4, 4, 4], "isLabelMultiset": True}
    (tmp_path / "a.n5" / "attributes.json").write_text(json.dumps(multiset))
    with pytest.raises(InputError, match="label multisets"):
        open_volume(tmp_path / "a.n5")
