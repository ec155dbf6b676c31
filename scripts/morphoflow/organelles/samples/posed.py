"""Objects in cubes that are turned to the objects' principal axes, EM along with the mask."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit

from morphoflow.organelles.counting.order import box_of
from morphoflow.organelles.samples.cubes import CHANNELS, to_bytes, visible
from morphoflow.organelles.samples.intensity import Levels
from morphoflow.organelles.samples.resample import VolumeSettings, chosen_scales
from morphoflow.organelles.shapes.pose import AXES, EXTENTS, MIDDLES, posed_axes
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.pieces import PIECE_VOXELS, pieces
from morphoflow.organelles.volumes.source import Source

NM_PER_UM = 1000.0

# Points that stand for a voxel lie at most so far apart, in sample voxels.
STEP = 0.5


@dataclass(frozen=True)
class Pose:
    """Where a cube lies: its middle (z, y, x) in voxels, and its axes (3, 3) as columns."""

    centre: np.ndarray
    axes: np.ndarray


def poses_of(shapes: pd.DataFrame, source: Source) -> list[Pose]:
    """The poses of all objects in a table of shapes, in its order."""
    size = np.array(source.voxel_size_nm)
    axes = posed_axes(shapes)
    centroid = shapes[[f"centroid_{a}_um" for a in AXES]].to_numpy() * NM_PER_UM
    middle = np.einsum("nak,nk->na", axes, shapes[MIDDLES].to_numpy()) * NM_PER_UM
    centres = (centroid - source.offset.nm + middle) / size
    return [Pose(*each) for each in zip(centres, axes, strict=True)]


def posed_scales(
    shapes: pd.DataFrame, voxel_size_nm: tuple[float, float, float], settings: VolumeSettings
) -> np.ndarray:
    """The side of a sample voxel in nm, (n,) float32, at which each posed object is in its cube."""
    sides = shapes[EXTENTS].to_numpy() * NM_PER_UM
    voxel = np.linalg.norm(posed_axes(shapes) * np.array(voxel_size_nm)[:, None], axis=1)
    # Interpolation spreads a voxel over half a voxel, and then over half a sample voxel.
    least = (sides + voxel).max(axis=1) / (settings.size - 1)
    return chosen_scales(sides.max(axis=1), least, settings)


@dataclass(frozen=True)
class PosedCutter:
    """Cuts objects out of ``source`` as :class:`morphoflow.organelles.samples.cubes.Cutter` does.

    Axis k of a cube is the k-th axis of the object's pose. Each voxel is spread linearly to its
    neighbours, and these points to the nearest sample voxels: mass is kept, as there.
    """

    source: Source
    levels: Levels
    size: int
    keep_background: bool
    most: int = PIECE_VOXELS

    def __call__(self, row, pose: Pose, scale: float) -> np.ndarray:
        """The object (2, size, size, size) uint8 with the channels CHANNELS, see ``Cutter``."""
        cube = np.zeros((len(CHANNELS), *[self.size] * 3), np.float32)
        turn = pose.axes.T * np.array(self.source.voxel_size_nm) / scale
        self._add(cube, np.uint64(row.label_id), box_of(row), pose, turn)
        # Where points happen to lie densely a sample voxel gets a little more than all of itself.
        cube /= np.maximum(cube[1], 1)
        cube[1] = visible(255 * cube[1], self.source, row.label_id)
        if self.keep_background:
            cube[0] = self._surroundings(pose, turn)
        return to_bytes(cube)

    def _add(self, cube, label: np.uint64, box: Box, pose: Pose, turn: np.ndarray) -> None:
        """Add EM and mask of an object; of label 0, which is none, those of all voxels."""
        points, weights = spread(turn)
        for piece in pieces(box, self.source.labels.chunks, self.most):
            labels, em = self.source.read_labels(piece), self.source.read_em(piece)
            start = turn @ (np.array(piece.start) + 0.5 - pose.centre) + (self.size - 1) / 2
            line = self.levels.line(em.dtype)
            add_posed(cube, labels, label, em, *line, start, turn, points, weights)

    def _surroundings(self, pose: Pose, turn: np.ndarray) -> np.ndarray:
        """The EM of the whole cube, 0..255; beyond the ends of the volume there is zero."""
        half = np.abs(np.linalg.inv(turn)).sum(axis=1) * (self.size / 2 + 1) + 1
        start = np.maximum(np.floor(pose.centre - half).astype(int), 0)
        stop = np.minimum(np.ceil(pose.centre + half).astype(int), self.source.shape)
        cube = np.zeros((len(CHANNELS), *[self.size] * 3), np.float32)
        self._add(cube, np.uint64(0), Box(tuple(start.tolist()), tuple(stop.tolist())), pose, turn)
        return np.divide(cube[0], cube[1], out=np.zeros_like(cube[0]), where=cube[1] > 0)


def spread(turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (m, 3) that stand for a voxel, in sample voxels from its middle, and weights (m,).

    ``turn`` (3, 3) takes voxels to sample voxels. Weights fall linearly to the next voxels'
    middles, and sum to the volume of a voxel.
    """
    numbers = np.ceil(np.linalg.norm(turn, axis=0) / STEP).astype(int)
    along = [(np.arange(2 * n) + 0.5) / n - 1 for n in numbers]
    places = np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 3)
    weights = (1 - np.abs(places)).prod(axis=1)
    weights *= abs(np.linalg.det(turn)) / weights.sum()
    return places @ turn.T, weights.astype(np.float32)


@njit(cache=True, nogil=True, fastmath={"contract"})
def add_posed(cube, labels, label, em, low, factor, start, turn, points, weights) -> None:
    """Add the voxels of ``label`` (0: all) to ``cube`` (2, n, n, n), EM and mask.

    ``start`` (3,) is where the middle of the first voxel lies in the cube. EM is what is above
    ``low``, times ``factor``, and at most 255.
    """
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            for x in range(labels.shape[2]):
                if label == 0 or labels[z, y, x] == label:
                    value = min(max((np.float32(em[z, y, x]) - low) * factor, np.float32(0)), 255)
                    a = start[0] + turn[0, 0] * z + turn[0, 1] * y + turn[0, 2] * x
                    b = start[1] + turn[1, 0] * z + turn[1, 1] * y + turn[1, 2] * x
                    c = start[2] + turn[2, 0] * z + turn[2, 1] * y + turn[2, 2] * x
                    for m in range(len(points)):
                        place = (a + points[m, 0], b + points[m, 1], c + points[m, 2])
                        _deposit(cube, place, weights[m], np.float32(value))


@njit(cache=True, nogil=True, inline="always")
def _deposit(cube, place, weight, value) -> None:
    """Add a point to the eight voxels around it, as far as they are in the cube."""
    size = cube.shape[1]
    i, j, k = int(np.floor(place[0])), int(np.floor(place[1])), int(np.floor(place[2]))
    a, b, c = place[0] - i, place[1] - j, place[2] - k
    for p in range(max(i, 0), min(i + 2, size)):
        by_z = weight * (a if p > i else 1 - a)
        for q in range(max(j, 0), min(j + 2, size)):
            by_y = by_z * (b if q > j else 1 - b)
            for r in range(max(k, 0), min(k + 2, size)):
                share = by_y * (c if r > k else 1 - c)
                cube[0, p, q, r] += share * value
                cube[1, p, q, r] += share
