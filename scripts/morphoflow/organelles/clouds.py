"""Point clouds of objects' surfaces, as the settings ask for them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from morphoflow.organelles.boxes import Box
from morphoflow.organelles.canonical import canonical_axes, centred, rms_radius
from morphoflow.organelles.pieces import PIECE_VOXELS
from morphoflow.organelles.point_sampling import blue_noise, farthest
from morphoflow.organelles.source import Source
from morphoflow.organelles.surface_points import surface_points

# Evenly spread points are chosen among this many times as many random ones.
CANDIDATES = 5


@dataclass(frozen=True)
class PointSettings:
    """How point clouds are made.

    ``number`` points are drawn ``uniform`` by area, or spread evenly by choosing them among
    CANDIDATES times as many (``farthest`` or ``blue_noise``). Coordinates are in ``nm`` or, with
    ``scale`` ``unit``, divided by the root mean square radius. With ``canonical_axes`` the cloud is
    turned to its principal axes.
    """

    number: int
    sampling: Literal["uniform", "farthest", "blue_noise"]
    scale: Literal["nm", "unit"]
    canonical_axes: bool
    seed: int


def point_cloud(
    source: Source, label: int, box: Box, settings: PointSettings, most: int = PIECE_VOXELS
) -> tuple[np.ndarray, float]:
    """The cloud (number, 3) float32 of an object, columns x, y, z, and nm per unit of it.

    The origin is the mean of the points. The random numbers depend on the seed and ``label`` alone,
    so that an object's cloud is the same whichever job makes it.
    """
    generator = np.random.default_rng([settings.seed, label])
    many = settings.number * (1 if settings.sampling == "uniform" else CANDIDATES)
    points, area = surface_points(source, label, box, many, generator, most)
    points = centred(_spread(points, area, settings))
    if settings.canonical_axes:
        points = canonical_axes(points)
    scale = rms_radius(points) if settings.scale == "unit" else 1.0
    return (points / scale).astype(np.float32), scale


def _spread(points: np.ndarray, area: float, settings: PointSettings) -> np.ndarray:
    if settings.sampling == "farthest":
        return points[farthest(points, settings.number)]
    if settings.sampling == "blue_noise":
        return points[blue_noise(points, settings.number, area)]
    return points
