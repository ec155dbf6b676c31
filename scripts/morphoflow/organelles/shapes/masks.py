"""The mask of one object, read from its bounding box alone, and piecewise where that is large."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numba import njit

from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.source import Source

# Boxes of more voxels than this are read in pieces, which bounds the memory to about 1 GB.
WHOLE = 1 << 25
PIECE = (128, 256, 256)


class ObjectMask:
    """An object's mask, of which boxes are read; outside of its bounding ``box`` it is empty.

    ``label_id`` is the object's value in the label volume; boxes may reach beyond the volume.
    """

    def __init__(self, source: Source, label_id: int, box: Box) -> None:
        self.source, self.label_id, self.box = source, label_id, box

    @cached_property
    def whole(self) -> np.ndarray:
        """The mask in its bounding box, (z, y, x) bool, kept once it is read."""
        return self._from_disk(self.box)

    @property
    def giant(self) -> bool:
        """Whether the bounding box is too large to be read at once."""
        return self.box.size > WHOLE

    def read(self, box: Box) -> np.ndarray:
        """The mask in ``box``, (z, y, x) bool."""
        start = tuple(np.maximum(box.start, self.box.start).tolist())
        stop = tuple(np.minimum(box.stop, self.box.stop).tolist())
        mask = np.zeros(box.shape, dtype=bool)
        if all(a < b for a, b in zip(start, stop, strict=True)):
            common = Box(start, stop)
            known = self._from_disk(common) if self.giant else self.whole[common.within(self.box)]
            mask[common.within(box)] = known
        return mask

    def _from_disk(self, box: Box) -> np.ndarray:
        labels = self.source.read_labels(box)
        return labels == labels.dtype.type(self.label_id)

    def pieces(self, halo: Triple, rim: Triple = (1, 1, 1)) -> Iterator[tuple[Box, np.ndarray]]:
        """Boxes that cover the object and a ``rim`` around it once, each with the mask about it.

        Each mask reaches further than its box by ``halo`` voxels along z, y and x on either side.
        There is one piece unless the box has more than ``WHOLE`` voxels.
        """
        around = _moved(self.box, rim)
        for piece in blocks(around, PIECE) if self.giant else [around]:
            yield piece, self.read(_moved(piece, halo))

    def reduced(self, factors: Triple) -> np.ndarray:
        """The mask in blocks of ``factors`` voxels from the box's start, (z, y, x) bool.

        A block holds the object where any of its voxels does, so that thin parts stay connected.
        """
        shape = [-(-n // f) for n, f in zip(self.box.shape, factors, strict=True)]
        coarse = np.zeros(shape, dtype=bool)
        for piece, mask in self.pieces((0, 0, 0)):
            offset = np.subtract(piece.start, self.box.start)
            _gather(mask, offset, np.array(factors), coarse)
        return coarse


def _moved(box: Box, margin: Triple) -> Box:
    """The box with ``margin`` more voxels on each side, also beyond the volume."""
    start = tuple(int(a - m) for a, m in zip(box.start, margin, strict=True))
    return Box(start, tuple(int(b + m) for b, m in zip(box.stop, margin, strict=True)))


@njit(cache=True)
def _gather(mask, offset, factors, coarse):
    """Mark the blocks of ``coarse`` in which ``mask``, which begins at ``offset``, is true."""
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            for x in range(mask.shape[2]):
                if mask[z, y, x]:
                    a = (z + offset[0]) // factors[0]
                    b = (y + offset[1]) // factors[1]
                    c = (x + offset[2]) // factors[2]
                    coarse[a, b, c] = True
