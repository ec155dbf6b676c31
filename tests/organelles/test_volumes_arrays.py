"""Volumes in one file of one array, and labels of types that are not unsigned."""

import sys

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.open_source import as_ids, open_source

SHAPE, SIZE, PLACE = (5, 6, 7), (40.0, 8.0, 4.0), (400.0, 80.0, 20.0)
BOXES = [Box((0, 0, 0), SHAPE), Box((1, 2, 3), (4, 3, 7))]


def write_nifti(file, array, against=(1, 1, 1)):
    """``against`` is -1 along each axis z, y, x that the array runs against from the same place."""
    nibabel = pytest.importorskip("nibabel")
    signs = np.array(against[::-1])
    affine = np.diag([*(signs * [4e-3, 8e-3, 40e-3]), 1.0])
    affine[:3, 3] = signs * np.array(PLACE[::-1]) / 1000
    image = nibabel.Nifti1Image(array.T, affine)
    image.header.set_xyzt_units("micron")
    nibabel.save(image, file)


def write_nrrd(file, array, encoding="raw", against=(1, 1, 1)):
    nrrd = pytest.importorskip("nrrd")
    signs = np.array(against[::-1])
    header = {"space directions": np.diag(signs * SIZE[::-1]), "space units": ["nm"] * 3}
    header |= {"space dimension": 3, "encoding": encoding}
    header |= {"space origin": signs * np.array(PLACE[::-1])}
    nrrd.write(str(file), array.T, header)


def write_mrc(file, array):
    mrcfile = pytest.importorskip("mrcfile")
    with mrcfile.new(file) as made:
        made.set_data(array)
        made.voxel_size = tuple(10 * n for n in SIZE[::-1])
        made.header.origin = tuple(10 * n for n in PLACE[::-1])


FORMATS = {
    "a.nii": write_nifti,
    "a.nii.gz": write_nifti,
    "a.nrrd": write_nrrd,
    "packed.nrrd": lambda file, array: write_nrrd(file, array, "gzip"),
    "a.mrc": write_mrc,
    "a.npy": np.save,
    "fortran.npy": lambda file, array: np.save(file, np.asfortranarray(array[None])),
}


@pytest.fixture
def values():
    return np.random.default_rng(0).integers(0, 2**16, SHAPE).astype(np.uint16)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_boxes_size_and_place(name, values, tmp_path):
    FORMATS[name](tmp_path / name, values)
    volume = open_volume(tmp_path / name)
    assert volume.shape == SHAPE and volume.dtype == np.uint16
    for box in BOXES:
        read = volume.read(box)
        assert read.flags.c_contiguous and read.dtype.isnative
        np.testing.assert_array_equal(read, values[box.slices])
    if name.endswith(".npy"):
        assert volume.voxel_size_nm is None and volume.offset is None
    else:
        assert volume.voxel_size_nm == pytest.approx(SIZE, rel=1e-5)
        assert volume.offset.nm == pytest.approx(PLACE, rel=1e-5)


def test_turned_axes_of_nifti_are_refused(values, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    turned = np.eye(4)
    turned[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    nibabel.save(nibabel.Nifti1Image(values.T, turned), tmp_path / "a.nii")
    with pytest.raises(InputError, match="turned"):
        open_volume(tmp_path / "a.nii")


def test_rescaled_values_of_nifti_are_refused(values, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(values.T.astype(np.int16), np.eye(4))
    image.header.set_slope_inter(2, 1)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(InputError, match="rescaled"):
        open_volume(tmp_path / "a.nii")


@pytest.mark.parametrize(("ending", "write"), [("nii", write_nifti), ("nrrd", write_nrrd)])
def test_arrays_that_run_in_different_directions_are_refused(ending, write, values, tmp_path):
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:4, 2:5, 2:6] = 3
    em, flipped, alike = (tmp_path / f"{name}.{ending}" for name in ("em", "flipped", "alike"))
    write(em, values, against=(1, 1, -1))
    write(flipped, labels)
    write(alike, labels, against=(1, 1, -1))
    source = {"em": str(em), "labels": str(alike)}
    np.testing.assert_array_equal(open_source(source).labels.read(BOXES[0]), labels)
    with pytest.raises(InputError, match="opposite directions"):
        open_source(source | {"labels": str(flipped)})
    with pytest.raises(InputError, match=r"context .* opposite directions"):
        open_source(source | {"context": str(flipped)})


def test_a_cut_off_packed_file_is_one_sentence(values, tmp_path):
    write_nrrd(tmp_path / "a.nrrd", values, "gzip")
    (tmp_path / "a.nrrd").write_bytes((tmp_path / "a.nrrd").read_bytes()[:-40])
    with pytest.raises(InputError, match=r"a\.nrrd cannot be unpacked"):
        open_volume(tmp_path / "a.nrrd")


def test_a_package_that_is_absent_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nrrd", None)
    (tmp_path / "a.nrrd").write_bytes(b"NRRD0004\n")
    with pytest.raises(InputError, match="pip install pynrrd"):
        open_volume(tmp_path / "a.nrrd")


@pytest.mark.parametrize(
    "dtype", [np.int16, np.int32, np.int64, np.float16, np.float32, np.float64]
)
def test_whole_numbers_of_any_type_are_the_same_ids(dtype, tmp_path):
    ids = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    np.save(tmp_path / "a.npy", ids.astype(dtype))
    read = as_ids(open_volume(tmp_path / "a.npy"), "labels").read(BOXES[1])
    assert read.dtype.kind == "u" and read.dtype.itemsize == np.dtype(dtype).itemsize
    np.testing.assert_array_equal(read, ids[BOXES[1].slices])


@pytest.mark.parametrize(
    ("dtype", "value"),
    [(np.int32, -1), (np.float32, 0.5), (np.float64, np.nan), (np.float32, 2.0**24 + 2)],
)
def test_what_is_no_id_is_refused_where_it_is_read(dtype, value, tmp_path):
    stored = np.zeros(SHAPE, dtype)
    stored[4, 5, 6] = value
    np.save(tmp_path / "a.npy", stored)
    volume = as_ids(open_volume(tmp_path / "a.npy"), "labels")
    assert not volume.read(Box((0, 0, 0), (4, 6, 7))).any()
    with pytest.raises(InputError, match=r"labels .*a\.npy hold .* among voxels z 4 to 4"):
        volume.read(Box((4, 0, 0), (5, 6, 7)))
