"""What every volume on disk offers, whatever its format."""

from typing import Protocol

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.organelles.volumes.units import Offset, Size

# Decoded pieces that a volume may keep, since neighbouring boxes need the same ones.
CACHE_BYTES = 256 << 20


class Volume(Protocol):
    """A three-dimensional array on disk, of which boxes are read.

    Attributes
    ----------
    path
        Where it lies, for messages.
    shape
        Voxels along z, y and x.
    dtype
        Type of its values.
    chunks
        The piece, in voxels along z, y and x, that is decoded at once.
    voxel_size_nm
        Size of a voxel along z, y and x, where the file says it.
    offset
        Where its first voxel lies, where the file says it.
    """

    path: str
    shape: Triple
    dtype: np.dtype
    chunks: Triple
    voxel_size_nm: Size | None
    offset: Offset | None

    def read(self, box: Box) -> np.ndarray:
        """The values in ``box``, C-contiguous, in native byte order.

        Raises InputError for a piece that is damaged on disk.
        """
        ...


class MissingChunk(InputError):
    """A chunk of a volume is not on disk."""


def unreadable(path: str, box: Box, error: Exception) -> InputError:
    """The error for a box of which a piece is damaged on disk."""
    return InputError(
        f"{path}: voxels {in_words(box)} cannot be read ({error}); copy or export the volume anew."
    )


def in_words(box: Box) -> str:
    """A box in words."""
    ranges = zip("zyx", box.start, box.stop, strict=True)
    return ", ".join(f"{axis} {start} to {stop - 1}" for axis, start, stop in ranges)


def plain_type(dtype: np.dtype) -> np.dtype:
    """The type in native byte order, and with truth values as 0 and 1."""
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")
