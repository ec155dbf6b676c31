"""The pieces in which a large box is read, so that memory does not grow with the object."""

from collections.abc import Iterator

import numpy as np

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.source import Source

PIECE_VOXELS = 1 << 22  # 32 MB of 64-bit labels


def pieces(box: Box, chunks: Triple, most: int = PIECE_VOXELS) -> Iterator[Box]:
    """Parts of ``box`` of at most ``most`` voxels, which cover it once.

    A box that is small enough is its only part; others are cut between ``chunks`` of the file
    where these are smaller than a part, so that each is decoded once.
    """
    if box.size <= most:
        return iter([box])
    return blocks(box, piece_shape(box.shape, chunks, most))


def piece_shape(shape: Triple, chunks: Triple, most: int) -> Triple:
    """The largest piece of at most ``most`` voxels that is chunks doubled (or, if need be, halved).

    It grows where it is shortest, no further than the ``shape`` of the box.
    """
    shape = np.array(shape)
    piece = np.array(chunks)
    while np.prod(np.minimum(piece, shape)) > most:
        piece[np.argmax(np.minimum(piece, shape))] //= 2
    while True:
        lengths = np.where(piece < shape, piece, np.iinfo(np.int64).max)
        grown = piece.copy()
        grown[np.argmin(lengths)] *= 2
        if np.prod(np.minimum(grown, shape)) > most:
            return tuple(int(n) for n in piece)
        piece = grown


def absent(source: Source, label: int) -> InputError:
    """The error for an object that is not where the object table says."""
    return InputError(
        f"{source.labels.path} does not hold the label {label} in the box that the object table "
        f"gives it; remake the table from this volume."
    )
