"""Point clouds of objects' surfaces, as the settings ask for them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from morphoflow.organelles.samples.surface_points import surface_points
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.pieces import PIECE_VOXELS
from morphoflow.organelles.volumes.source import Source

# Evenly spread points are chosen among this many times as many random ones.
CANDIDATES = 5

# Exponent, and limits of the weight: Yuksel 2015, sections 3.1 and 3.2.
ALPHA, BETA, GAMMA = 8, 0.65, 1.5


@dataclass(frozen=True)
class PointSettings:
    """How point clouds are made.

    ``number`` points are drawn ``uniform`` by area, or spread evenly by choosing them among
    CANDIDATES times as many (``farthest`` or ``blue_noise``). Coordinates are in ``nm`` or, with
    ``scale`` ``unit``, divided by the root mean square radius.
    """

    number: int
    sampling: Literal["uniform", "farthest", "blue_noise"]
    scale: Literal["nm", "unit"]
    seed: int


def point_cloud(
    source: Source,
    label: int,
    box: Box,
    settings: PointSettings,
    most: int = PIECE_VOXELS,
    axes: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """The cloud (number, 3) float32 of an object, columns x, y, z, and nm per unit of it.

    The origin is the mean of the points. With ``axes`` (3, 3) the columns are places along these,
    which are columns with components z, y, x. The random numbers depend on the seed and ``label``
    alone, so that an object's cloud is the same whichever job makes it.
    """
    generator = np.random.default_rng([settings.seed, label])
    many = settings.number * (1 if settings.sampling == "uniform" else CANDIDATES)
    points, area = surface_points(source, label, box, many, generator, most)
    points = centred(_spread(points, area, settings))
    if axes is not None:
        points = points[:, ::-1] @ axes
    scale = rms_radius(points) if settings.scale == "unit" else 1.0
    return (points / scale).astype(np.float32), scale


def _spread(points: np.ndarray, area: float, settings: PointSettings) -> np.ndarray:
    if settings.sampling == "farthest":
        return points[farthest(points, settings.number)]
    if settings.sampling == "blue_noise":
        return points[blue_noise(points, settings.number, area)]
    return points


def centred(points: np.ndarray) -> np.ndarray:
    """Points (k, 3) from their mean, so that a cloud says nothing of its place in the volume."""
    return points - points.mean(axis=0)


def rms_radius(points: np.ndarray) -> float:
    """Root mean square distance of points (k, 3) from the origin."""
    return float(np.sqrt(np.square(points).sum(axis=1).mean()))


# A few of many random points on a surface, spread evenly over it.


def farthest(points: np.ndarray, number: int) -> np.ndarray:
    """The rows (number,) of ``points`` (m, 3): the first, then always the farthest from all chosen.

    Farthest point sampling: Eldar et al., IEEE Transactions on Image Processing 6, 1997.
    """
    x, y, z = np.ascontiguousarray(points.T, dtype=np.float32)
    return _farthest(x, y, z, number)


def blue_noise(points: np.ndarray, number: int, area: float) -> np.ndarray:
    """The rows (number,) of ``points`` (m, 3) that remain when the most crowded ones are removed.

    Sample elimination: Yuksel, Computer Graphics Forum 34, 2015. ``area`` is that of the surface,
    in the points' unit squared, and gives the distance within which points crowd each other.
    """
    reach = 2 * np.sqrt(area / (2 * np.sqrt(3) * number))
    least = reach * (1 - (number / len(points)) ** GAMMA) * BETA
    pairs = cKDTree(points).query_pairs(reach, output_type="ndarray")
    distance = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    weight = (1 - np.maximum(distance, least) / reach) ** ALPHA
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.argsort(both[:, 0], kind="stable")
    start = np.searchsorted(both[order, 0], np.arange(len(points) + 1))
    kept = _eliminate(start, both[order, 1], np.tile(weight, 2)[order], number)
    return np.flatnonzero(kept)


@njit(cache=True, nogil=True)
def _farthest(x, y, z, number):
    chosen = np.empty(number, np.int64)
    nearest = np.full(len(x), np.float32(np.inf))
    # Bits of floats that are not negative have their order; only a maximum of integers is fast.
    bits = nearest.view(np.int32)
    row = 0
    for i in range(number):
        chosen[i] = row
        cx, cy, cz = x[row], y[row], z[row]
        largest = np.int32(0)
        for j in range(len(x)):
            dx, dy, dz = x[j] - cx, y[j] - cy, z[j] - cz
            square = dx * dx + dy * dy + dz * dz
            nearest[j] = square if square < nearest[j] else nearest[j]
        for j in range(len(x)):
            largest = max(largest, bits[j])
        row = 0
        while bits[row] != largest:
            row += 1
    return chosen


@njit(cache=True, nogil=True)
def _eliminate(start, neighbour, weight, number):
    """Which points (m,) remain when the one of the largest sum of weights goes, again and again."""
    n = len(start) - 1
    total = np.zeros(n)
    for row in range(n):
        total[row] = weight[start[row] : start[row + 1]].sum()
    heap, place = np.arange(n), np.arange(n)
    for position in range(n // 2, -1, -1):
        _sink(heap, place, total, position, n)
    kept = np.ones(n, np.bool_)
    for size in range(n - 1, number - 1, -1):
        row = heap[0]
        kept[row] = False
        heap[0] = heap[size]
        place[heap[0]] = 0
        _sink(heap, place, total, 0, size)
        for k in range(start[row], start[row + 1]):
            other = neighbour[k]
            if kept[other]:
                total[other] -= weight[k]
                _sink(heap, place, total, place[other], size)
    return kept


@njit(cache=True, nogil=True)
def _sink(heap, place, total, position, size):
    """Move an entry of the heap, whose largest total is on top, below all larger ones."""
    row = heap[position]
    while 2 * position + 1 < size:
        child = 2 * position + 1
        if child + 1 < size and total[heap[child + 1]] > total[heap[child]]:
            child += 1
        if total[heap[child]] <= total[row]:
            break
        heap[position] = heap[child]
        place[heap[position]] = position
        position = child
    heap[position] = row
    place[row] = position
