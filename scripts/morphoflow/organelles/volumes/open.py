"""Opens a volume of any known format, found from what lies at its path."""

import math
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np
import tifffile

from morphoflow.errors import InputError
from morphoflow.images.tiff import open_tiff
from morphoflow.organelles.volumes import n5 as volume_n5
from morphoflow.organelles.volumes import precomputed as volume_precomputed
from morphoflow.organelles.volumes import zarr as volume_zarr
from morphoflow.organelles.volumes.arrays import open_mrc, open_nifti, open_npy, open_nrrd
from morphoflow.organelles.volumes.boxes import Triple
from morphoflow.organelles.volumes.hdf5 import open_hdf5
from morphoflow.organelles.volumes.remote import ZIP_MARK, StoreFolder, at_address, zipped
from morphoflow.organelles.volumes.slices import open_slices
from morphoflow.organelles.volumes.stack import MappedVolume, SliceVolume
from morphoflow.organelles.volumes.units import Offset, Size, places_nm, to_nm
from morphoflow.organelles.volumes.volume import Volume
from morphoflow.organelles.volumes.watched import is_address, slice_files
from morphoflow.reading.guard import check_size, reading

# Bytes that a header may declare for each that is there, and how many it may in any case.
SPARSEST, ALWAYS_FINE = 1e6, 1e10

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

KNOWN = (
    "OME-Zarr, zarr, N5, neuroglancer precomputed (also zipped), HDF5, a TIFF stack, NIfTI, NRRD, "
    "MRC, .npy, or a folder of TIFF or PNG slices"
)

# What tifffile calls the axis along which the pages of a stack follow each other.
ALONG_Z = "ZIQ"


def open_volume(
    path: str | Path, *, key: str | None = None, level: int = 0, sparse: bool = True
) -> Volume:
    """Open the volume at ``path``, or its array ``key``; nothing of its voxels is read.

    The path may be an address, at which a chunked volume is read as it is needed.

    ``level`` is the level of a pyramid (OME-Zarr, N5, precomputed), 0 the finest; volumes without
    a pyramid have level 0 alone and are opened at it. ``sparse`` takes chunks that are not on disk
    as 0, as the formats define it; otherwise reading one raises MissingChunk. Raises InputError
    for what is no volume.
    """
    if is_address(path):
        with reading(path):
            return _open_folder(at_address(str(path)), key, level, sparse=sparse)
    path = Path(path)
    if not path.exists():
        raise InputError(f"the volume {path} does not exist; correct its path.")
    with reading(path):
        volume = _open(path, key, level, sparse=sparse)
        check_extent(volume, path)
    return volume


def check_extent(volume: Volume, path: Path) -> None:
    """Raise InputError where a damaged header declares what is no volume, or cannot be read.

    A volume of any size may be right, and much of it may be absent or all 0; but not one of which
    a millionth would be more than all that lies at ``path``.
    """
    shape = " x ".join(f"{n:,}" for n in volume.shape)
    n_bytes = volume.dtype.itemsize
    check_size(math.prod(volume.chunks) * n_bytes, "a single chunk", path)
    declared = math.prod(volume.shape) * n_bytes
    least = declared / SPARSEST
    if declared > ALWAYS_FINE and not _holds(path, least):
        raise InputError(
            f"{path} declares {shape} voxels, {declared / 1e12:,.3g} TB, but less than "
            f"{least:,.0f} bytes lie there; correct its metadata, or export it anew."
        )


def _holds(path: Path, n_bytes: float) -> bool:
    """Whether the files at a path have that many bytes; no more of them are looked at."""
    files = (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    found = 0
    for file in files:
        found += file.stat().st_size
        if found >= n_bytes:
            return True
    return False


def _open(path: Path, key: str | None, level: int, *, sparse: bool) -> Volume:
    if path.is_dir():
        return _open_folder(path, key, level, sparse=sparse)
    with path.open("rb") as stream:
        mark = stream.read(4)
    if mark == ZIP_MARK:
        return _open_folder(zipped(path), key, level, sparse=sparse)
    if h5py.is_hdf5(path):
        return open_hdf5(path, key)
    if mark in TIFF_MARKS:
        return open_tiff_stack(path)
    opener = _array_opener(path, mark)
    if opener is not None:
        return opener(path)
    raise InputError(f"{path} is no volume in a known format; convert it to {KNOWN}.")


def _array_opener(path: Path, mark: bytes) -> Callable[[Path], Volume] | None:
    """What opens a file of one array, found by how it begins or, without a mark, by its name."""
    name = path.name.lower()
    if mark == b"\x93NUM":
        return open_npy
    if mark == b"NRRD":
        return open_nrrd
    if name.endswith((".nii", ".nii.gz")):
        return open_nifti
    return open_mrc if name.endswith((".mrc", ".map", ".rec")) else None


def _open_folder(path: Path | StoreFolder, key: str | None, level: int, *, sparse: bool) -> Volume:
    target = path / (key or "")
    for folder in (path, target):
        if volume_zarr.is_node(folder):
            return volume_zarr.open_zarr(path, key, level, sparse=sparse)
        if folder.suffix == ".n5" or (folder / volume_n5.METADATA).is_file():
            return volume_n5.open_n5(path, key, level, sparse=sparse)
        if (folder / volume_precomputed.METADATA).is_file():
            return volume_precomputed.open_precomputed(path, key, level, sparse=sparse)
    if isinstance(target, Path) and slice_files(target):
        return open_slices(target)
    raise InputError(f"{target} holds no volume in a known format; name {KNOWN}.")


# Volumes in one TIFF file of many pages: plain, OME-TIFF and ImageJ stacks.


def open_tiff_stack(file: Path) -> MappedVolume | SliceVolume:
    """The stack in a TIFF file.

    Uncompressed stacks are mapped into memory; of others a page is decoded as a whole.
    """
    with reading(file):
        tiff = open_tiff(file)
        series = list(tiff.series)  # read now: newer releases of tifffile wait until they are used
        placed = tiff_voxel_size(tiff), tiff_offset(tiff)
    if len(series) != 1:
        shapes = ", ".join(" x ".join(map(str, one.shape)) for one in series[:3])
        raise InputError(
            f"{file} holds {len(series)} images ({shapes}, ...) instead of one stack; "
            f"save slices of one size and type as one stack."
        )
    shape = _stack_shape(file, series[0])
    if series[0].dataoffset is not None and series[0].dtype.kind != "b":
        return MappedVolume(str(file), _mapped(file, series[0], shape), *placed)
    pages = series[0].pages
    return SliceVolume(str(file), shape, series[0].dtype, lambda z: pages[z].asarray(), *placed)


def _stack_shape(file: Path, series: tifffile.TiffPageSeries) -> Triple:
    axes, shape = series.axes, series.shape
    if len(axes) == 3 and axes[0] in ALONG_Z and axes[1:] == "YX":
        return shape
    if "S" in axes or "C" in axes:
        problem = "of several channels or colours; save the grey values or ids of one channel"
    elif axes == "YX":
        problem = "of a single slice; name the folder of all slices, or save a stack"
    else:
        problem = "whose axes are not z, y, x; in ImageJ, exchange frames and slices and save again"
    raise InputError(f"{file} holds an image {axes} of {' x '.join(map(str, shape))}, {problem}.")


def _mapped(file: Path, series: tifffile.TiffPageSeries, shape: Triple) -> np.memmap:
    dtype = series.dtype.newbyteorder(series.keyframe.parent.byteorder)
    try:
        return np.memmap(file, dtype, "r", series.dataoffset, shape)
    except ValueError as error:
        raise InputError(
            f"{file} is shorter than its {shape[0]} slices ({error}); copy or export it anew."
        ) from None


# The voxel size and offset that a TIFF stack states: in OME-XML, or as ImageJ writes it.
#
# OME-XML: Goldberg et al., "The Open Microscopy Environment (OME) Data Model and XML file", Genome
# Biology 6:R47, 2005.


def tiff_voxel_size(tiff: tifffile.TiffFile) -> Size | None:
    """Voxel size in nm along z, y and x; None if the spacing of the slices is not stated."""
    if tiff.is_ome:
        return _ome(tiff.ome_metadata)
    return _imagej(tiff) if tiff.is_imagej else None


def tiff_offset(tiff: tifffile.TiffFile) -> Offset | None:
    """Where the first voxel lies: the position of the first plane, or ImageJ's origin."""
    if tiff.is_ome:
        plane = ElementTree.fromstring(tiff.ome_metadata).find("{*}Image/{*}Pixels/{*}Plane")
        if plane is None or any(plane.get(f"Position{axis}") is None for axis in "ZYX"):
            return None
        units = [plane.get(f"Position{axis}Unit", "reference frame") for axis in "ZYX"]
        place = places_nm([float(plane.get(f"Position{axis}")) for axis in "ZYX"], units)
        return place and Offset(place, centred=True)
    origin = [(tiff.imagej_metadata or {}).get(f"{axis}origin", 0) for axis in "zyx"]
    size = tiff_voxel_size(tiff)
    if size is None or not any(origin):
        return None
    return Offset(tuple(-voxel * length for voxel, length in zip(origin, size, strict=True)))


def _ome(xml: str) -> Size | None:
    pixels = ElementTree.fromstring(xml).find("{*}Image/{*}Pixels")
    if pixels is None:
        return None
    sizes = [pixels.get(f"PhysicalSize{axis}", "nan") for axis in "ZYX"]
    units = [pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in "ZYX"]
    return to_nm([float(size) for size in sizes], units)


def _imagej(tiff: tifffile.TiffFile) -> Size | None:
    """Spacing from the description; the tags of the first page hold pixels per unit."""
    metadata = tiff.imagej_metadata or {}
    tags = [tiff.pages[0].tags.get(f"{axis}Resolution") for axis in "YX"]
    if "spacing" not in metadata or not all(tag is not None and tag.value[0] for tag in tags):
        return None
    pixels = [tag.value[1] / tag.value[0] for tag in tags]
    return to_nm([abs(metadata["spacing"]), *pixels], [metadata.get("unit")] * 3)
