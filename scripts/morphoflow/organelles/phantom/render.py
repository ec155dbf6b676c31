"""Distances of voxels from tubes, painted tube piece by tube piece."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.organelles.phantom.shapes import Shape
from morphoflow.organelles.volumes.boxes import Box

# Distances are known up to this far from a surface.
REACH_NM = 90.0


@dataclass(frozen=True)
class Capsules:
    """The pieces of many objects' tubes: the balls about the points from ``start`` to ``stop``.

    ``start`` and ``stop`` are (n, 3), in nm; ``radii`` (n, 2) are those at both ends; ``along``
    (n,) is the length of centre line before the piece. Those of object i are ``first[i]`` up to
    ``first[i + 1]``; ``lower`` and ``upper`` (objects, 3) bound the objects.
    """

    start: np.ndarray
    stop: np.ndarray
    radii: np.ndarray
    along: np.ndarray
    first: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True)
class Painted:
    """What is known at each voxel of a box, where an object is within ``REACH_NM``.

    ``distance`` float32 from the surface of the nearest object in nm, negative inside; ``owner``
    int32, which object that is (-1: none); ``along`` float32, the position along its centre line.
    """

    distance: np.ndarray
    owner: np.ndarray
    along: np.ndarray


def capsules_of(shapes: list[Shape]) -> Capsules:
    """The pieces of all ``shapes``, which are in nm."""
    pieces = [_pieces(shape) for shape in shapes]
    start, stop, radii, along = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    first = np.concatenate([[0], np.cumsum([len(part[0]) for part in pieces])])
    thick = radii.max(axis=1)[:, None]
    lower = np.minimum.reduceat(np.minimum(start, stop) - thick, first[:-1])
    upper = np.maximum.reduceat(np.maximum(start, stop) + thick, first[:-1])
    return Capsules(start, stop, radii, along, first, lower, upper)


def _pieces(shape: Shape) -> tuple[np.ndarray, ...]:
    parts = []
    for path in shape.paths:
        steps = np.linalg.norm(np.diff(path.points, axis=0), axis=1)
        radii = np.stack([path.radii[:-1], path.radii[1:]], axis=1)
        parts.append((path.points[:-1], path.points[1:], radii, np.cumsum(steps) - steps))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def paint(capsules: Capsules, box: Box, voxel_size_nm: tuple[float, float, float]) -> Painted:
    """Distances from the nearest object in the voxels of ``box``.

    A voxel's values do not depend on the box, so a volume may be painted in any blocks.
    """
    size = np.array(voxel_size_nm, dtype=np.float64)
    near = (capsules.lower - REACH_NM < np.array(box.stop) * size).all(axis=1)
    near &= (capsules.upper + REACH_NM > np.array(box.start) * size).all(axis=1)
    distance = np.full(box.shape, REACH_NM, dtype=np.float32)
    owner = np.full(box.shape, -1, dtype=np.int32)
    along = np.zeros(box.shape, dtype=np.float32)
    for which in np.flatnonzero(near):
        part = slice(capsules.first[which], capsules.first[which + 1])
        pieces = (capsules.start[part], capsules.stop[part], capsules.radii[part])
        start = np.array(box.start)
        _paint(*pieces, capsules.along[part], start, size, REACH_NM, which, distance, owner, along)
    return Painted(distance, owner, along)


def volume_of(shape: Shape, step: float) -> float:
    """Volume of a shape, counted on a grid of ``step`` (in the shape's units)."""
    capsules = capsules_of([shape])
    lower = np.floor(capsules.lower[0] / step).astype(np.int64) - 1
    upper = np.ceil(capsules.upper[0] / step).astype(np.int64) + 1
    distance = np.full(upper - lower, step, dtype=np.float32)
    owner = np.full(distance.shape, -1, dtype=np.int32)
    along = np.zeros(distance.shape, dtype=np.float32)
    pieces = (capsules.start, capsules.stop, capsules.radii, capsules.along)
    _paint(*pieces, lower, np.full(3, float(step)), step, 0, distance, owner, along)
    return float((distance < 0).sum() * step**3)


@njit(cache=True, nogil=True)
def _paint(start, stop, radii, before, origin, size, reach, which, distance, owner, along):
    """Lower ``distance`` to that from the pieces, wherever they are nearer than what is there."""
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    for piece in range(len(start)):
        a, axis = start[piece], stop[piece] - start[piece]
        length = np.sqrt((axis * axis).sum())
        thick = max(radii[piece, 0], radii[piece, 1]) + reach
        for k in range(3):
            lower = (min(start[piece, k], stop[piece, k]) - thick) / size[k] - 0.5
            upper = (max(start[piece, k], stop[piece, k]) + thick) / size[k] - 0.5
            first[k] = max(0, int(np.floor(lower)) - origin[k])
            last[k] = min(distance.shape[k], int(np.ceil(upper)) + 1 - origin[k])
        widening = radii[piece, 1] - radii[piece, 0]
        for z in range(first[0], last[0]):
            dz = (z + origin[0] + 0.5) * size[0] - a[0]
            for y in range(first[1], last[1]):
                dy = (y + origin[1] + 0.5) * size[1] - a[1]
                for x in range(first[2], last[2]):
                    dx = (x + origin[2] + 0.5) * size[2] - a[2]
                    t = (dz * axis[0] + dy * axis[1] + dx * axis[2]) / (length * length)
                    s = min(1.0, max(0.0, t))
                    ez, ey, ex = dz - s * axis[0], dy - s * axis[1], dx - s * axis[2]
                    far = np.sqrt(ez * ez + ey * ey + ex * ex) - radii[piece, 0] - s * widening
                    if np.float32(far) < distance[z, y, x]:
                        distance[z, y, x] = far
                        owner[z, y, x] = which
                        along[z, y, x] = before[piece] + t * length
