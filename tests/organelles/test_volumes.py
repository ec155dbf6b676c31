"""One volume written in every format is read as the same volume."""

import json
import shutil

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Pillow

from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.stack import SliceVolume
from morphoflow.organelles.volumes.watched import slice_files, watched_files
from volume_formats import FORMATS, SHAPE, SIZE, pyramid, write_n5

BOXES = [
    Box((0, 0, 0), SHAPE),
    Box((3, 2, 5), (9, 13, 6)),
    Box((10, 12, 16), (11, 13, 17)),
    Box((7, 7, 7), (9, 9, 9)),
]


@pytest.fixture(scope="module")
def ids():
    """Ids of 64 bits, of which few are exact as floating point numbers, and background."""
    rng = np.random.default_rng(0)
    values = rng.integers(2**53, 2**64 - 1, SHAPE, dtype=np.uint64, endpoint=True)
    return np.where(rng.random(SHAPE) < 0.2, np.uint64(0), values)


WITHOUT_SIZE = ("mapped.tif", "compressed.tif", "slices")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_boxes_and_voxel_size(name, ids, tmp_path):
    FORMATS[name](tmp_path / name, ids)
    volume = open_volume(tmp_path / name)
    assert volume.shape == SHAPE
    assert all(1 <= chunk <= length for chunk, length in zip(volume.chunks, SHAPE, strict=True))
    for box in BOXES:
        values = volume.read(box)
        assert values.dtype == volume.dtype == np.uint64 and values.dtype.isnative
        assert values.flags.c_contiguous
        np.testing.assert_array_equal(values, ids[box.slices])
    if name in WITHOUT_SIZE:
        assert volume.voxel_size_nm is None
    else:
        assert volume.voxel_size_nm == pytest.approx(SIZE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, bool])
def test_png_slices_are_read_in_the_order_of_their_numbers(dtype, ids, tmp_path):
    values = (ids % 251).astype(dtype)
    for z, plane in enumerate(values):
        Pillow.fromarray(plane).save(tmp_path / f"em_{z}.png")
    volume = open_volume(tmp_path)
    assert volume.dtype == (np.uint8 if dtype is bool else dtype)
    np.testing.assert_array_equal(volume.read(BOXES[0]), values)


@pytest.mark.parametrize("name", ["mask.zarr", "mask.h5", "mask.tif"])
def test_truth_values_are_read_as_0_and_1(name, ids, tmp_path):
    mask = ids > 0
    if name.endswith("zarr"):
        zarr.create_array(tmp_path / name, data=mask)
    elif name.endswith("h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["mask"] = mask
    else:
        tifffile.imwrite(tmp_path / name, mask, photometric="minisblack")
    values = open_volume(tmp_path / name).read(BOXES[1])
    assert values.dtype == np.uint8
    np.testing.assert_array_equal(values, mask[BOXES[1].slices])


def test_levels_and_keys_of_a_pyramid(ids, tmp_path):
    path = tmp_path / "image.zarr"
    group = zarr.open_group(path, mode="w").create_group("labels/mito")
    for level in range(3):
        group.create_array(str(level), data=ids[:: 2**level])
    levels = pyramid(["0", "1", "2"], unit="nanometer", factor=1)
    for level, dataset in enumerate(levels[0]["datasets"]):
        dataset["coordinateTransformations"][0]["scale"][0] = SIZE[0] * 2**level
    group.attrs["ome"] = {"version": "0.5", "multiscales": levels}
    coarse = open_volume(path, key="labels/mito", level=1)
    same = open_volume(path, key="labels/mito/1")
    assert coarse.shape == same.shape == (6, 13, 17)
    assert coarse.voxel_size_nm == same.voxel_size_nm == (80.0, 8.0, 4.0)


def test_tiff_stacks_tell_their_voxel_size(tmp_path):
    values = np.arange(2 * 3 * 4, dtype=np.uint16).reshape(2, 3, 4)
    imagej = {"axes": "ZYX", "spacing": 0.04, "unit": "um"}
    options = {"imagej": True, "resolution": (250.0, 125.0), "metadata": imagej}
    tifffile.imwrite(tmp_path / "imagej.tif", values, **options)
    ome = {f"PhysicalSize{a}": n for a, n in zip("ZYX", SIZE, strict=True)}
    ome.update({f"PhysicalSize{a}Unit": "nm" for a in "ZYX"})
    options = {"ome": True, "photometric": "minisblack", "metadata": {"axes": "ZYX", **ome}}
    tifffile.imwrite(tmp_path / "a.ome.tif", values, **options)
    for name in ("imagej.tif", "a.ome.tif"):
        volume = open_volume(tmp_path / name)
        assert volume.voxel_size_nm == pytest.approx(SIZE)
        np.testing.assert_array_equal(volume.read(Box((0, 0, 0), (2, 3, 4))), values)


GROUPS = {
    "cellmap": (
        "",
        {
            "multiscales": [
                {
                    "datasets": [
                        {
                            "path": "s1",
                            "transform": {
                                "axes": ["z", "y", "x"],
                                "scale": [40.0, 16.0, 8.0],
                                "translate": [0.0, 4.0, 2.0],
                                "units": ["nm"] * 3,
                            },
                        }
                    ]
                }
            ]
        },
    ),
    "n5-viewer": (
        "",
        {
            "pixelResolution": {"dimensions": [4.0, 8.0, 40.0], "unit": "nm"},
            "scales": [[1, 1, 1], [2, 2, 1]],
        },
    ),
    "BigDataViewer": (
        "",
        {"resolution": [4.0, 8.0, 40.0], "downsamplingFactors": [[1, 1, 1], [2, 2, 1]]},
    ),
    "paintera": ("data", {"resolution": [4.0, 8.0, 40.0], "offset": [1.0, 2.0, 3.0]}),
}


@pytest.mark.parametrize("exporter", GROUPS)
def test_groups_of_n5_state_the_voxel_size_of_their_levels(exporter, ids, tmp_path):
    inside, attributes = GROUPS[exporter]
    path = tmp_path / "a.n5"
    (path / "labels" / inside).mkdir(parents=True)
    write_n5(path / "labels" / inside, ids)
    (path / "labels" / inside / "attributes.json").write_text(json.dumps(attributes))
    level = path / "labels" / inside / "s1"
    shutil.copytree(level.with_name("s0"), level)
    if exporter == "paintera":
        stored = json.loads((level / "attributes.json").read_text())
        stored["downsamplingFactors"] = [2, 2, 1]
        (level / "attributes.json").write_text(json.dumps(stored))
    volume = open_volume(path, key="labels", level=1)
    assert volume.shape == SHAPE and volume.voxel_size_nm == pytest.approx((40.0, 16.0, 8.0))


def test_a_transform_without_units_leaves_what_else_states_the_voxel_size(ids, tmp_path):
    write_n5(tmp_path, ids)
    file = tmp_path / "s0" / "attributes.json"
    transform = {"axes": ["z", "y", "x"], "scale": [80, 16, 8], "translate": [0, 0, 0]}
    file.write_text(json.dumps({**json.loads(file.read_text()), "transform": transform}))
    volume = open_volume(tmp_path)
    assert volume.shape == SHAPE and volume.voxel_size_nm == (40.0, 8.0, 4.0)


def test_downsampled_n5_levels_have_larger_voxels(ids, tmp_path):
    path = tmp_path / "a.n5"
    write_n5(path, ids)
    shutil.copytree(path / "s0", path / "s1")
    attributes = json.loads((path / "s1" / "attributes.json").read_text())
    attributes["downsamplingFactors"] = [2, 2, 1]
    (path / "s1" / "attributes.json").write_text(json.dumps(attributes))
    assert open_volume(path, level=1).voxel_size_nm == pytest.approx((40.0, 16.0, 8.0))
    (path / "attributes.json").unlink()
    levels = [str(path / level / "attributes.json") for level in ("s0", "s1")]
    assert open_volume(path).shape == SHAPE and watched_files(path) == levels


@pytest.mark.parametrize("name", FORMATS)
def test_watched_files_are_few_and_none_is_a_chunk(name, ids, tmp_path):
    path = tmp_path / name
    FORMATS[name](path, ids)
    files = watched_files(path)
    if name == "slices":
        assert files == [str(file) for file in slice_files(path)] and len(files) == SHAPE[0]
    elif path.is_file():
        assert files == [str(path)]
    else:
        names = [file.rsplit("/", 1)[-1] for file in files]
        assert names and set(names) <= {"zarr.json", ".zarray", ".zattrs", ".zgroup", "info"} | {
            "attributes.json"
        }
        shutil.rmtree(path)
        with pytest.raises(ValueError, match="does not exist"):
            watched_files(path)


def test_the_metadata_of_every_level_are_watched(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w").create_group("em")
    for level in range(2):
        group.create_array(str(level), data=np.ones((2, 2, 2)))
    inner = ["zarr.json", "em/zarr.json", "em/0/zarr.json", "em/1/zarr.json"]
    expected = [str(tmp_path / "a.zarr" / file) for file in inner]
    assert watched_files(tmp_path / "a.zarr", "em") == expected


@pytest.mark.parametrize("most", [0, 10**6])
def test_a_slice_is_decoded_once_whether_kept_in_memory_or_in_a_file(most, ids, monkeypatch):
    monkeypatch.setattr("morphoflow.organelles.volumes.stack.CACHE_BYTES", most)
    decoded = []
    volume = SliceVolume("stack", SHAPE, ids.dtype, lambda z: decoded.append(z) or ids[z], SIZE)
    for box in (BOXES[1], BOXES[3], BOXES[1]):
        np.testing.assert_array_equal(volume.read(box), ids[box.slices])
    assert decoded == [3, 4, 5, 6, 7, 8]
