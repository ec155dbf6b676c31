"""A label volume whose objects have the numbers of their clusters, computed as it is read."""

import numpy as np

from morphoflow.organelles.boxes import Box
from morphoflow.organelles.pieces import pieces
from morphoflow.organelles.relabel import Relabelling, relabel
from morphoflow.organelles.source import Source


class MaskVolume:
    """The ``source``'s labels under other numbers; its boxes take little more memory than these.

    ``shape``, ``chunks`` and ``voxel_size_nm`` are those of the labels.
    """

    def __init__(self, source: Source, table: Relabelling) -> None:
        self.shape, self.chunks = source.shape, source.labels.chunks
        self.voxel_size_nm = source.voxel_size_nm
        self.dtype = table.numbers.dtype
        self._source, self._table = source, table

    def read(self, box: Box) -> np.ndarray:
        """The numbers in ``box``; the labels themselves are read in pieces of it."""
        out = np.empty(box.shape, self.dtype)
        for piece in pieces(box, self.chunks):
            out[piece.within(box)] = relabel(self._source.read_labels(piece), self._table)
        return out
