"""The labels just below a block, kept from the block that was read there or read again."""

import numpy as np

from morphoflow.organelles.boxes import Box, Triple
from morphoflow.organelles.source import Source

# Voxels of layers that are kept at most: a whole plane of a large volume.
KEPT_VOXELS = 1 << 25


class Faces:
    """Last layers of counted blocks, each kept until the block above it has been counted.

    No more than ``KEPT_VOXELS`` are kept in all; what is not there is read from disk, which costs
    time and changes nothing.
    """

    def __init__(self, source: Source, waiting: list[Box]) -> None:
        self.source = source
        self.waiting = {block.start for block in waiting}
        self.kept: dict[tuple[Triple, int], np.ndarray] = {}
        self.kept_voxels = 0

    def below(self, block: Box) -> list[np.ndarray]:
        """The layers of labels below the block along z, y and x, empty at the volume's start."""
        self.waiting.discard(block.start)
        return [self._layer(block, axis) for axis in range(3)]

    def keep(self, block: Box, layers: tuple[np.ndarray, ...]) -> None:
        """Keep the last layers of a block, along z, y and x, for blocks that lie above it."""
        for axis in range(3):
            above = tuple(block.stop[a] if a == axis else block.start[a] for a in range(3))
            if above in self.waiting and self.kept_voxels + layers[axis].size <= KEPT_VOXELS:
                self.kept[above, axis] = layers[axis].copy()
                self.kept_voxels += layers[axis].size

    def _layer(self, block: Box, axis: int) -> np.ndarray:
        if block.start[axis] == 0:
            return np.empty((0, 0), self.source.labels.dtype)
        if (block.start, axis) in self.kept:
            layer = self.kept.pop((block.start, axis))
            self.kept_voxels -= layer.size
            return layer
        start, stop = list(block.start), list(block.stop)
        start[axis], stop[axis] = block.start[axis] - 1, block.start[axis]
        layer = self.source.read_labels(Box(tuple(start), tuple(stop)))
        return np.ascontiguousarray(np.take(layer, 0, axis=axis))
