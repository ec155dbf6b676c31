"""Opens a volume of any known format, found from what lies at its path."""

from pathlib import Path

import h5py

from morphoflow.errors import InputError
from morphoflow.organelles import volume_n5, volume_precomputed, volume_zarr
from morphoflow.organelles.volume import Volume
from morphoflow.organelles.volume_hdf5 import open_hdf5
from morphoflow.organelles.volume_slices import open_slices
from morphoflow.organelles.volume_tiff import open_tiff
from morphoflow.organelles.watched import slice_files

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
KNOWN = (
    "OME-Zarr, zarr, N5, neuroglancer precomputed, HDF5, a TIFF stack, "
    "or a folder of TIFF or PNG slices"
)


def open_volume(
    path: Path, *, key: str | None = None, level: int = 0, sparse: bool = True
) -> Volume:
    """Open the volume at ``path``, or its array ``key``; nothing of its voxels is read.

    ``level`` is the level of a pyramid (OME-Zarr, N5, precomputed), 0 the finest; volumes without
    a pyramid have level 0 alone and are opened at it. ``sparse`` takes chunks that are not on disk
    as 0, as the formats define it; otherwise reading one raises MissingChunk. Raises InputError
    for what is no volume.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"the volume {path} does not exist; correct its path.")
    if path.is_dir():
        return _open_folder(path, key, level, sparse=sparse)
    with path.open("rb") as stream:
        mark = stream.read(4)
    if h5py.is_hdf5(path):
        return open_hdf5(path, key)
    if mark in TIFF_MARKS:
        return open_tiff(path)
    raise InputError(f"{path} is no volume in a known format; convert it to {KNOWN}.")


def _open_folder(path: Path, key: str | None, level: int, *, sparse: bool) -> Volume:
    target = path / (key or "")
    for folder in (path, target):
        if volume_zarr.is_node(folder):
            return volume_zarr.open_zarr(path, key, level, sparse=sparse)
        if folder.suffix == ".n5" or (folder / volume_n5.METADATA).is_file():
            return volume_n5.open_n5(path, key, level, sparse=sparse)
        if (folder / volume_precomputed.METADATA).is_file():
            return volume_precomputed.open_precomputed(path, key, level, sparse=sparse)
    if slice_files(target):
        return open_slices(target)
    raise InputError(f"{target} holds no volume in a known format; name {KNOWN}.")
