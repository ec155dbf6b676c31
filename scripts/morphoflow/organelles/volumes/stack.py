"""Stacks of slices, each of which is decoded as a whole, and once."""

import tempfile
from collections.abc import Callable

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.organelles.volumes.units import Offset, Size
from morphoflow.organelles.volumes.volume import CACHE_BYTES, plain_type, unreadable


class SliceVolume:
    """A stack whose slice ``z`` is ``decode(z)``, (y, x).

    Every object needs a little of many slices, so a decoded slice is kept until the job ends: in
    memory if the whole stack takes no more than ``CACHE_BYTES``, else in a file in the folder for
    temporary files, which takes the room of the slices that were needed.
    """

    def __init__(
        self,
        path: str,
        shape: Triple,
        dtype: np.dtype,
        decode: Callable[[int], np.ndarray],
        voxel_size_nm: Size | None,
        offset: Offset | None = None,
    ) -> None:
        self.path, self.shape, self.dtype = path, shape, plain_type(dtype)
        self.chunks = (1, *shape[1:])
        self.voxel_size_nm, self.offset = voxel_size_nm, offset
        self._decode = decode
        self._is_decoded = np.zeros(shape[0], bool)
        n_bytes = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        self._kept = _InMemory(self) if n_bytes <= CACHE_BYTES else _InFile(self, n_bytes)

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        for z in range(box.start[0], box.stop[0]):
            if not self._is_decoded[z]:
                self._kept.put(z, self._decoded(z))
                self._is_decoded[z] = True
        return self._kept.slices[box.slices].copy()

    def _decoded(self, z: int) -> np.ndarray:
        """Slice ``z``; what is wrong with it may surface as an error of any kind."""
        try:
            decoded = self._decode(z)
            if decoded.shape != self.shape[1:]:
                raise ValueError(f"it decodes to {decoded.shape} instead of {self.shape[1:]}")
        except Exception as error:
            _, height, width = self.shape
            raise unreadable(self.path, Box((z, 0, 0), (z + 1, height, width)), error) from None
        return np.ascontiguousarray(decoded, self.dtype)


class MappedVolume:
    """A stack of slices that lie uncompressed in a file, which is mapped into memory."""

    def __init__(
        self,
        path: str,
        slices: np.memmap,
        voxel_size_nm: Size | None,
        offset: Offset | None = None,
    ) -> None:
        self.path, self.shape, self.dtype = path, slices.shape, plain_type(slices.dtype)
        self.chunks = (1, *slices.shape[1:])
        self.voxel_size_nm, self.offset = voxel_size_nm, offset
        self._slices = slices

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        return np.array(self._slices[box.slices], self.dtype, order="C")


class _InMemory:
    def __init__(self, volume: SliceVolume) -> None:
        self.slices = np.empty(volume.shape, volume.dtype)

    def put(self, z: int, decoded: np.ndarray) -> None:
        self.slices[z] = decoded


class _InFile:
    """Slices in a file that vanishes with the job and holds nothing where none was written."""

    def __init__(self, volume: SliceVolume, n_bytes: int) -> None:
        self._path = volume.path
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the volume
        self._file.truncate(n_bytes)
        self.slices = np.memmap(self._file, volume.dtype, "r", shape=volume.shape)

    def put(self, z: int, decoded: np.ndarray) -> None:
        # Written to the file, since a full disk is an error there and a crash in mapped memory.
        try:
            self._file.seek(z * decoded.nbytes)
            self._file.write(decoded.data)
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"the decoded slices of {self._path} find no room in {tempfile.gettempdir()} "
                f"({error}); set TMPDIR to a larger disk, or convert the stack to OME-Zarr."
            ) from None
