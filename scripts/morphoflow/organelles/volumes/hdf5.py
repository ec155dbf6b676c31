"""Volumes in HDF5 files."""

from pathlib import Path

import h5py
import numpy as np

from morphoflow.organelles.volumes.axes import spatial_axes
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.units import offset_of, voxel_size_of
from morphoflow.organelles.volumes.volume import CACHE_BYTES, plain_type, unreadable
from morphoflow.organelles.volumes.zarr import no_choice
from morphoflow.reading.hdf5 import open_hdf5_file

# A prime well above the number of chunks in the cache, so that few of them share a slot.
SLOTS = 100_003
# What a data set without chunks is read by: the layout on disk is one slice after the other.
SLICE = 1


class Hdf5Volume:
    """A data set of an HDF5 file; decoded chunks are kept up to ``CACHE_BYTES``."""

    def __init__(self, file: Path, dataset: h5py.Dataset) -> None:
        self.path = f"{file}:{dataset.name}"
        self._dataset = dataset
        self._axes = spatial_axes(self.path, dataset.shape, None)
        self.shape = self._along_zyx(dataset.shape)
        self.dtype = plain_type(dataset.dtype)
        self.chunks = self._along_zyx(dataset.chunks or (SLICE, *dataset.shape[1:]))
        attributes = dict(dataset.attrs)
        self.voxel_size_nm = voxel_size_of(attributes, "zyx")
        self.offset = offset_of(attributes, "zyx")

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        index = [0] * self._dataset.ndim
        for axis, extent in zip(self._axes, box.slices, strict=True):
            index[axis] = extent
        try:
            values = self._dataset[tuple(index)]
        except Exception as error:
            raise unreadable(self.path, box, error) from None
        return np.ascontiguousarray(values, dtype=self.dtype)

    def _along_zyx(self, lengths: tuple[int, ...]) -> tuple[int, int, int]:
        return tuple(lengths[axis] for axis in self._axes)


def open_hdf5(file: Path, key: str | None) -> Hdf5Volume:
    """The data set ``key`` of a file, or the only one in it with three axes."""
    opened = open_hdf5_file(file, rdcc_nbytes=CACHE_BYTES, rdcc_nslots=SLOTS)
    chosen = opened.get(key) if key is not None else _only_volume(opened)
    if not isinstance(chosen, h5py.Dataset):
        raise no_choice(file, key, [name for name, _ in _datasets(opened)])
    return Hdf5Volume(file, chosen)


def _only_volume(opened: h5py.File) -> h5py.Dataset | None:
    volumes = [dataset for _, dataset in _datasets(opened) if dataset.ndim >= 3]
    return volumes[0] if len(volumes) == 1 else None


def _datasets(opened: h5py.File) -> list[tuple[str, h5py.Dataset]]:
    datasets = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            datasets.append((name, item))

    opened.visititems(visit)
    return datasets
