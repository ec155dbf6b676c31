"""EM and labels are paired by where their files say that they lie."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import tensorstore as ts
import tifffile
import zarr

from morphoflow.errors import InputError
from morphoflow.organelles.counting.columns import object_columns
from morphoflow.organelles.counting.lookup import relabelling
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.masks.ome_zarr import create_ome_zarr
from morphoflow.organelles.masks.precomputed import create_precomputed
from morphoflow.organelles.masks.volume import MaskVolume
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.open_source import open_source

SIZE = (15.0, 16.0, 16.0)
TISSUE = np.random.default_rng(0).integers(1, 250, (20, 12, 14)).astype(np.uint8)
LABELS = np.where(np.indices(TISSUE.shape)[0] // 5 % 2, 7, 0).astype(np.uint32)


def ome(path, array, offset=None, size=SIZE, top=None, kind="translation"):
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", data=array, chunks=(4, 4, 4))
    steps = [{"type": "scale", "scale": list(size)}]
    steps += [{"type": kind, kind: list(offset)}] if offset is not None else []
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    pyramid = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": steps}]}
    if top is not None:
        pyramid["coordinateTransformations"] = top
    group.attrs["multiscales"] = [pyramid]
    return str(path)


def precomputed(path, array, offset=(0, 0, 0), size=SIZE):
    scale = {"size": array.shape[::-1], "resolution": size[::-1], "voxel_offset": offset[::-1]}
    spec = {
        "driver": "neuroglancer_precomputed",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "multiscale_metadata": {"type": "image", "data_type": str(array.dtype), "num_channels": 1},
        "scale_metadata": {**scale, "chunk_size": [8, 8, 8], "encoding": "raw"},
    }
    ts.open(spec, create=True).result()[..., 0].write(array.T).result()
    return str(path)


def n5(path, array, offset=(0, 0, 0), size=SIZE):
    made = {"dimensions": array.shape[::-1], "dataType": str(array.dtype), "blockSize": [8] * 3}
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/"}}
    spec["metadata"] = {**made, "compression": {"type": "gzip"}}
    ts.open(spec, create=True).result().write(array.T).result()
    said = json.loads((path / "attributes.json").read_text())
    said |= {"resolution": size[::-1], "offset": np.multiply(offset, size).tolist()[::-1]}
    (path / "attributes.json").write_text(json.dumps(said))
    return str(path)


def hdf5(path, array, offset=(0, 0, 0), size=SIZE):
    with h5py.File(path, "w") as file:
        file["volume"] = array
        file["volume"].attrs["resolution"] = size
        file["volume"].attrs["offset"] = np.multiply(offset, size)
    return str(path)


def imagej(path, array, offset=(0, 0, 0), size=SIZE):
    origin = {f"{axis}origin": -n for axis, n in zip("zyx", offset, strict=True)}
    told = {"spacing": size[0], "unit": "nm", "axes": "ZYX", **origin}
    resolution = (1 / size[2], 1 / size[1])
    array = array.astype(np.uint16) if array.dtype == np.uint32 else array
    tifffile.imwrite(path, array, imagej=True, resolution=resolution, metadata=told)
    return str(path)


def ome_zarr(path, array, offset=(0, 0, 0), size=SIZE):
    return ome(path, array, np.multiply(offset, size).tolist(), size)


def ome_tiff(path, array, offset=(0, 0, 0), size=SIZE):
    told = {"axes": "ZYX", "Plane": {}}
    for axis, length, n in zip("ZYX", size, offset, strict=True):
        told |= {f"PhysicalSize{axis}": length, f"PhysicalSize{axis}Unit": "nm"}
        told["Plane"] |= {f"Position{axis}": [n * length] * len(array)}
        told["Plane"] |= {f"Position{axis}Unit": ["nm"] * len(array)}
    tifffile.imwrite(path, array, ome=True, metadata=told)
    return str(path)


WRITERS = {
    "a.zarr": ome_zarr,
    "a.pre": precomputed,
    "a.n5": n5,
    "a.h5": hdf5,
    "a.tif": imagej,
    "a.ome.tif": ome_tiff,
}


@pytest.mark.parametrize("em_name", WRITERS)
@pytest.mark.parametrize("name", ["a.zarr", "a.pre"])
def test_pieces_of_one_tissue_are_paired_by_their_offsets(name, em_name, tmp_path):
    labels = WRITERS[name](tmp_path / f"labels_{name}", LABELS[2:], (2, 0, 0))
    em = WRITERS[em_name](tmp_path / f"em_{em_name}", TISSUE[5:17, 3:], (5, 3, 0))
    source = open_source({"em": em, "labels": labels})
    assert source.extent == Box((3, 3, 0), (15, 12, 14))
    np.testing.assert_array_equal(source.read_em(source.extent), TISSUE[5:17, 3:])
    whole = np.zeros_like(LABELS[2:])
    whole[source.extent.slices] = LABELS[5:17, 3:]
    np.testing.assert_array_equal(source.read_labels(Box((0, 0, 0), source.shape)), whole)
    assert "z 3 to 14, y 3 to 11, x 0 to 13" in source.unused


@pytest.mark.parametrize("factor", [2, 3])
def test_voxels_of_two_sizes_are_shifted_by_whole_ones_of_the_finer(factor, tmp_path):
    fine, coarse = SIZE, tuple(n * factor for n in SIZE)
    em = precomputed(tmp_path / "em.pre", TISSUE[1:], (1, 0, 0), fine)
    shape = tuple(n // factor for n in TISSUE.shape)
    labels = precomputed(tmp_path / "labels.pre", np.ones(shape, np.uint32), (0, 0, 0), coarse)
    source = open_source({"em": em, "labels": labels})
    assert source.extent.start == (1, 0, 0)
    box = Box((2, 1, 1), (3, 2, 2))
    cell = TISSUE[tuple(slice(a * factor, (a + 1) * factor) for a in box.start)]
    assert source.read_em(box) == np.floor(cell.mean() + 0.5)


@pytest.mark.parametrize("factor", [2, 3])
def test_coarser_em_may_begin_within_its_first_voxel(factor, tmp_path):
    coarse = TISSUE[::factor, ::factor, ::factor]
    size = tuple(n * factor for n in SIZE)
    labels = precomputed(tmp_path / "labels.pre", LABELS[1:], (1, 0, 0))
    em = precomputed(tmp_path / "em.pre", coarse, (0, 0, 0), size)
    source = open_source({"em": em, "labels": labels})
    repeated = coarse
    for axis in range(3):
        repeated = repeated.repeat(factor, axis)
    expected = repeated[1 : 1 + len(LABELS[1:]), : LABELS.shape[1], : LABELS.shape[2]]
    values = source.read_em(Box((0, 0, 0), source.shape))[: len(expected)]
    np.testing.assert_array_equal(values, expected)


def test_centres_of_two_sizes_of_voxels_are_half_of_their_difference_apart(tmp_path):
    labels = ome(tmp_path / "labels.zarr", LABELS[::2, ::2, ::2], (7.5, 8, 8), (30, 32, 32))
    source = open_source({"em": ome(tmp_path / "em.zarr", TISSUE), "labels": labels})
    assert source.unused is None
    cell = TISSUE[2:4, 4:6, 6:8].mean()
    assert source.read_em(Box((1, 2, 3), (2, 3, 4))) == np.floor(cell + 0.5)


def test_a_translation_of_the_whole_pyramid_counts_and_is_scaled(tmp_path):
    top = [{"type": "scale", "scale": [2, 2, 2]}, {"type": "translation", "translation": [5, 0, 0]}]
    half = tuple(n / 2 for n in SIZE)
    path = ome(tmp_path / "a.zarr", LABELS, (20, 0, 0), half, top)
    assert open_volume(path).offset.nm == (45.0, 0.0, 0.0)
    assert open_volume(path).voxel_size_nm == SIZE


def test_what_cannot_be_paired_is_refused_with_both_numbers(tmp_path):
    em = ome(tmp_path / "em.zarr", TISSUE)
    labels = ome(tmp_path / "a.zarr", LABELS, (7.5, 0, 0))
    with pytest.raises(InputError, match=r"offset 7.5 x 0 x 0 nm.*offset 0 x 0 x 0 nm.*by 0.5 x 0"):
        open_source({"em": em, "labels": labels})
    labels = ome(tmp_path / "b.zarr", LABELS, (1500, 0, 0))
    with pytest.raises(InputError, match=r"offset 1500 x 0 x 0 nm.*no voxel in common"):
        open_source({"em": em, "labels": labels})
    labels = ome(tmp_path / "c.zarr", LABELS, [[0, 1, 0], [1, 0, 0], [0, 0, 1]], kind="rotation")
    with pytest.raises(InputError, match=r"'rotation'.*\[0, 1, 0\].*only `scale`"):
        open_source({"em": em, "labels": labels})
    plain = tmp_path / "plain.zarr"
    zarr.create_array(plain, data=TISSUE)
    labels = ome(tmp_path / "d.zarr", LABELS, (15, 0, 0))
    with pytest.raises(InputError, match=r"unknown size.*set `em_voxel_size_nm`"):
        open_source({"em": str(plain), "labels": labels})


@pytest.mark.parametrize("name", ["_ARRAY_DIMENSIONS", "axis_names", None])
def test_axes_that_an_array_names_are_those_of_its_size_and_offset(name, tmp_path):
    said = {"resolution": [16, 16, 15], "offset": [0, 32, 60]} | (
        {name: ["x", "y", "z"]} if name else {}
    )
    options = {"zarr_format": 2, "data": np.ascontiguousarray(LABELS.T)}
    if name is None:
        options |= {"zarr_format": 3, "dimension_names": ["x", "y", "z"]}
    zarr.create_array(tmp_path / "labels.zarr", **options).attrs.update(said)
    volume = open_volume(tmp_path / "labels.zarr")
    np.testing.assert_array_equal(volume.read(Box((0, 0, 0), LABELS.shape)), LABELS)
    assert volume.voxel_size_nm == SIZE
    assert volume.offset.nm == (60, 32, 0)


@pytest.mark.parametrize("way", ["group", "array", "root"])
def test_a_pyramid_places_an_array_however_deep_it_lies(way, tmp_path):
    ome(tmp_path / "a.zarr" / "0", LABELS, (60, 32, 0))
    zarr.open_group(tmp_path / "a.zarr", mode="a", zarr_format=2)
    group = zarr.open_group(tmp_path / "b.zarr", mode="w", zarr_format=2)
    group.create_array("raw/s0", data=LABELS)
    said = zarr.open_group(tmp_path / "a.zarr" / "0", mode="r").attrs["multiscales"]
    said[0]["datasets"][0]["path"] = "raw/s0"
    group.attrs["multiscales"] = said
    ways = {"group": "b.zarr", "array": "b.zarr/raw/s0", "root": "a.zarr"}
    volume = open_volume(tmp_path / ways[way])
    assert volume.voxel_size_nm == SIZE and volume.offset.nm == (60, 32, 0)


def test_offsets_without_a_unit_are_no_offsets_where_they_are_equal_and_refused_elsewhere(tmp_path):
    def unitless(name, array, offset):
        path = ome(tmp_path / name, array, offset)
        attributes = zarr.open_group(path, mode="a").attrs
        pyramids = attributes["multiscales"]
        pyramids[0]["axes"] = [{"name": axis, "type": "space"} for axis in "zyx"]
        attributes["multiscales"] = pyramids
        return path

    em = unitless("em.zarr", TISSUE, (60, 0, 0))
    source = {"em": em, "voxel_size_nm": SIZE, "em_voxel_size_nm": SIZE}
    alike, other = (unitless(f"{z}.zarr", LABELS, (z, 0, 0)) for z in (60, 75))
    opened = open_source(source | {"labels": alike, "context": alike})
    np.testing.assert_array_equal(opened.read_em(Box((0, 0, 0), TISSUE.shape)), TISSUE)
    with pytest.raises(InputError, match=r"75.* 60.*unit; set `offset_nm`"):
        open_source(source | {"labels": other})
    placed = open_source(
        source | {"labels": other, "offset_nm": [75, 0, 0], "em_offset_nm": [60, 0, 0]}
    )
    box = Box((0, 0, 0), (19, 12, 14))
    np.testing.assert_array_equal(placed.read_em(box), TISSUE[1:])


def test_settings_take_the_place_of_offsets_in_the_files(tmp_path):
    labels = ome(tmp_path / "labels.zarr", LABELS[2:], (7.5, 0, 0))
    settings = {"em": ome(tmp_path / "em.zarr", TISSUE), "labels": labels}
    source = open_source({**settings, "offset_nm": [30, 0, 0]})
    np.testing.assert_array_equal(source.read_em(source.extent), TISSUE[2:])
    with pytest.raises(InputError, match=r"offset \[1, 2\] is not three coordinates"):
        open_source({**settings, "offset_nm": [1, 2]})


@pytest.mark.parametrize("name", ["classes", "context"])
def test_other_volumes_have_voxels_of_the_labels_size(name, tmp_path):
    em, labels = ome(tmp_path / "em.zarr", TISSUE), ome(tmp_path / "labels.zarr", LABELS)
    other = ome(tmp_path / "other.zarr", LABELS, size=(30, 16, 16))
    with pytest.raises(
        InputError, match=f"the {name} .* voxels of 30 x 16 x 16 nm, but the labels"
    ):
        open_source({"em": em, "labels": labels, name: other})


def test_an_offset_of_an_array_in_a_unit_that_is_no_length_is_refused(tmp_path):
    arrays = zip(("em.zarr", "labels.zarr"), (TISSUE, LABELS), (0, 4), strict=True)
    for name, values, first in arrays:
        said = {"voxel_size": [1] * 3, "offset": [first, 0, 0], "units": ["pixel"] * 3}
        zarr.create_array(tmp_path / name, data=values).attrs.update(said)
    source = {"em": str(tmp_path / "em.zarr"), "labels": str(tmp_path / "labels.zarr")}
    source |= {"voxel_size_nm": SIZE, "em_voxel_size_nm": SIZE}
    with pytest.raises(InputError, match=r"begin at 4.* and the EM at 0.*unit"):
        open_source(source)


def test_classes_begin_where_the_labels_do(tmp_path):
    settings = {"em": ome(tmp_path / "em.zarr", TISSUE), "labels": ome(tmp_path / "l.zarr", LABELS)}
    classes = ome(tmp_path / "classes.zarr", LABELS, (15, 0, 0))
    with pytest.raises(InputError, match=r"begin at 15.0 x 0.0 x 0.0 nm, but the labels"):
        open_source({**settings, "classes": classes})


def test_centroids_carry_the_offset_and_the_overlap_is_a_border(tmp_path):
    labels = ome(tmp_path / "labels.zarr", LABELS, (0, 160, 0))
    source = open_source(
        {"em": ome(tmp_path / "em.zarr", TISSUE[:8], (0, 160, 0)), "labels": labels}
    )
    table, _ = count_part(source, [Box((0, 0, 0), source.shape)])
    found = object_columns(table, source.extent, source.voxel_size_nm, source.offset.nm)
    assert found["centroid_z_um"].tolist() == [6.5 * 0.015]
    assert found["centroid_y_um"].tolist() == pytest.approx([0.16 + 6 * 0.016])
    assert found["touches_border"].all() and found["box_z_stop"].tolist() == [8]


def test_masks_begin_where_the_labels_do(tmp_path):
    labels = ome(tmp_path / "labels.zarr", LABELS, (-30, 160, 0))
    source = open_source({"em": ome(tmp_path / "em.zarr", TISSUE, (-30, 160, 0)), "labels": labels})
    mask = MaskVolume(source, relabelling(np.array([7], np.uint64), np.array([1], np.uint8)))
    factors = [(1, 1, 1), (2, 2, 2)]
    create_precomputed(tmp_path / "mask.pre", mask, factors)
    create_ome_zarr(tmp_path / "mask.zarr", mask, factors, pd.DataFrame())
    for level, scale in enumerate((1, 2)):
        assert open_volume(tmp_path / "mask.pre", level=level).offset.nm == (-30.0, 160.0, 0.0)
        written = open_volume(tmp_path / "mask.zarr", level=level).offset
        corner = np.subtract(written.nm, np.multiply(SIZE, (scale - 1) / 2))
        assert corner.tolist() == [-30.0, 160.0, 0.0] and written.centred
