"""EM of which chunks are absent on disk: empty padding around the tissue, or lost."""

import numpy as np

from morphoflow.organelles.boxes import Box, blocks
from morphoflow.organelles.volume import MissingChunk, Volume


class GapCheckedVolume:
    """EM that reads an absent chunk as 0 where there are no labels, on the labels' grid.

    The formats leave out chunks that hold nothing but 0, so the padding of an aligned volume is
    absent rightly. Under a label it is not, and reading raises InputError.
    """

    def __init__(self, strict: Volume, sparse: Volume, labels: Volume) -> None:
        self.path, self.shape, self.dtype = strict.path, strict.shape, strict.dtype
        self.chunks, self.voxel_size_nm = strict.chunks, strict.voxel_size_nm
        self._strict, self._sparse, self._labels = strict, sparse, labels

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        try:
            return self._strict.read(box)
        except MissingChunk:
            for piece in blocks(box, self.chunks):
                self._check(piece)
        return self._sparse.read(box)

    def _check(self, piece: Box) -> None:
        labelled = np.nonzero(self._labels.read(piece))
        if not labelled[0].size:
            return
        start = tuple(int(at.min()) + a for at, a in zip(labelled, piece.start, strict=True))
        stop = tuple(int(at.max()) + 1 + a for at, a in zip(labelled, piece.start, strict=True))
        try:
            self._strict.read(Box(start, stop))
        except MissingChunk as missing:
            raise MissingChunk(f"{missing} There are labels, so it is not empty padding.") from None
