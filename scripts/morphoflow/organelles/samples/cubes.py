"""Objects cut out of an EM volume, each whole in a cube of isotropic voxels."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.organelles.samples.intensity import Levels
from morphoflow.organelles.samples.resample import (
    SampleGrid,
    add_lines,
    add_resampled,
    bands,
    normalised,
    part_of,
    touched,
)
from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.organelles.volumes.pieces import PIECE_VOXELS, absent, pieces
from morphoflow.organelles.volumes.source import Source

CHANNELS = ["em", "mask"]


@dataclass(frozen=True)
class Cutter:
    """Cuts objects out of ``source``, with cubes of ``size`` voxels.

    EM outside the object is zero, unless ``keep_background``. Boxes of more than ``most`` voxels
    are read in pieces, whose contributions add up.
    """

    source: Source
    levels: Levels
    size: int
    keep_background: bool
    most: int = PIECE_VOXELS

    def __call__(self, label: int, box: Box, scale: float) -> np.ndarray:
        """The object (2, size, size, size) uint8 with the channels CHANNELS.

        ``label`` is its number in the label volume, ``box`` its bounding box, in whose middle the
        cube lies, and ``scale`` the side of a sample voxel in nm. The mask is the share of a sample
        voxel that the object covers, 255 for all of it. Without background the EM is the product of
        that share and the mean over the covered part: like the mask it adds up over pieces and
        over voxels, and EM divided by mask is the mean intensity of the object, at its surface too.
        """
        centre = (np.array(box.start) + np.array(box.stop)) / 2
        grid = SampleGrid(centre, np.array(self.source.voxel_size_nm), scale, self.size)
        sample = np.zeros((len(CHANNELS), *[self.size] * 3), dtype=np.uint8)
        # Most of the cube is empty, so that only the part around the object is computed.
        weights = grid.weights(box)
        rows = [touched(matrix) for matrix in weights]
        weights = [matrix[row] for matrix, row in zip(weights, rows, strict=True)]
        if self.keep_background:
            sample[0] = to_bytes(self._surroundings(grid))
            sample[1:, *rows] = to_bytes(self._object(label, box, weights)[1:])
        else:
            sample[:, *rows] = to_bytes(self._object(label, box, weights))
        return sample

    def _object(self, label: int, box: Box, weights: list[np.ndarray]) -> np.ndarray:
        """EM and mask of the object, 0..255; without its EM where the background is kept."""
        cube = np.zeros((len(CHANNELS), *map(len, weights)), dtype=np.float32)
        label = self.source.labels.dtype.type(label)
        for piece in pieces(box, self.source.labels.chunks, self.most):
            labels = self.source.read_labels(piece)
            if holds(labels, label):
                part = part_of(weights, piece.within(box))
                self._add_piece(cube, labels, label, piece, part)
        cube[1] = visible(255 * cube[1], self.source, label)
        return cube

    def _add_piece(self, cube, labels, label, piece: Box, weights: list[np.ndarray]) -> None:
        if self.keep_background:
            add_resampled(cube[1:], (labels == label)[None].astype(np.float32), weights)
            return
        z, y, x = weights
        em = self.source.read_em(piece)
        lines, used = object_lines(labels, label, em, *self.levels.line(em.dtype), x)
        add_lines(cube, lines, used, z, y)

    def _surroundings(self, grid: SampleGrid) -> np.ndarray:
        """The EM of the whole cube, 0..255; beyond the ends of the volume there is zero."""
        box = _overlap(grid.reach(), self.source.shape)
        weights = [normalised(matrix) for matrix in grid.weights(box)]
        cube = np.zeros((1, *[self.size] * 3), dtype=np.float32)
        for piece in pieces(box, self.source.em.chunks, self.most):
            em = self.levels.apply(self.source.read_em(piece))
            add_resampled(cube, em[None], part_of(weights, piece.within(box)))
        return cube[0]


def _overlap(box: Box, shape: Triple) -> Box:
    """The part of a box that lies in a volume of ``shape``."""
    start = tuple(max(0, a) for a in box.start)
    return Box(start, tuple(min(n, b) for b, n in zip(box.stop, shape, strict=True)))


def visible(mask: np.ndarray, source: Source, label: int) -> np.ndarray:
    """The mask 0..255 of an object, of which one far smaller than a sample voxel stays visible.

    Raises InputError where it is empty.
    """
    peak = mask.max()
    if peak == 0:
        raise absent(source, label)
    return mask / peak if peak < 0.5 else mask


def to_bytes(cube: np.ndarray) -> np.ndarray:
    """Values 0..255, float32, rounded to uint8; the values are used up."""
    cube += np.float32(0.5)
    return cube.astype(np.uint8)


# The first step of resampling an object, which needs no copy of its voxels: along x, as read.


def holds(labels: np.ndarray, label: np.unsignedinteger) -> bool:
    """Whether ``label`` is anywhere in ``labels`` (z, y, x)."""
    return any((plane == label).any() for plane in labels)


@njit(cache=True, nogil=True, fastmath={"contract"})
def object_lines(
    labels: np.ndarray, label: int, em: np.ndarray, low, factor, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """EM within ``label`` and its mask, their lines along x times ``weights`` (m, x).

    Of ``em`` (z, y, x) is taken what is above ``low``, times ``factor``, and at most 255. Returns
    (2, z, y, m), of the weights' type, and which lines are not zero, (2, z, y).
    """
    depth, height, width = labels.shape
    out = np.zeros((2, depth, height, len(weights)), weights.dtype)
    used = np.zeros((2, depth, height), np.bool_)
    columns = np.ascontiguousarray(weights.T)
    band = bands(columns)
    number = weights.dtype.type
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if labels[z, y, x] == label:
                    used[:, z, y] = True
                    value = (number(em[z, y, x]) - low) * factor
                    value = min(max(value, number(0)), number(255))
                    for row in range(band[x, 0], band[x, 1]):
                        weight = columns[x, row]
                        out[0, z, y, row] += weight * value
                        out[1, z, y, row] += weight
    return out, used
