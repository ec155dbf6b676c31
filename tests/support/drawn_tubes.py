"""Tubes of known shape, length and branches, drawn into voxels, for tests of skeletons."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.volumes.boxes import Box

KINDS = ("cylinder", "capsule", "bent", "fork", "cut")


@dataclass(frozen=True)
class Tube:
    """A mask, and what is true of the centre line of the tube in it."""

    mask: ObjectMask
    branch_points: int
    end_points: int
    length_nm: float


class InMemory:
    """A source of labels in memory."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels

    def read_labels(self, box: Box) -> np.ndarray:
        return self.labels[box.slices]


def random_tube(kind: str, spacing: np.ndarray, rng: np.random.Generator) -> Tube:
    """A tube of a random radius, length and direction, on voxels of ``spacing`` (3,) nm.

    A ``cylinder`` has flat ends and is as long as they are apart; a ``capsule`` has round ones and
    a centre line between their centres; ``bent`` is an arc of a capsule, ``fork`` three arms, and
    ``cut`` a capsule of which a slanted plane takes one cap, as the face of a volume does.
    """
    radius = rng.uniform(50, 120)
    length = radius * rng.uniform(6, 12)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    lines = [line @ turn.T for line in _lines(kind, length, rng)]
    points = np.concatenate(lines)
    low = np.floor((points.min(axis=0) - radius) / spacing).astype(int) - 2
    high = np.ceil((points.max(axis=0) + radius) / spacing).astype(int) + 3
    shift = rng.random(3)
    axes = [(np.arange(a, b) + s) * v for a, b, s, v in zip(low, high, shift, spacing, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    inside = np.zeros(grid.shape[:-1], bool)
    for line in lines:
        for a, b in pairwise(line):
            inside |= _distance(grid, a, b) < radius
    true = sum(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() for line in lines)
    if kind in ("cylinder", "cut"):
        start, along = lines[0][0], (lines[0][-1] - lines[0][0]) / true
        height = (grid - start) @ along
        if kind == "cylinder":
            inside &= (height > 0) & (height < true)
        else:
            slant = rng.normal(size=3)
            slant -= along * (slant @ along)
            slant *= np.tan(np.radians(rng.uniform(0, 40))) / np.linalg.norm(slant)
            inside &= height - (grid - start) @ slant > 0
    box = Box((0, 0, 0), inside.shape)
    mask = ObjectMask(InMemory(inside.astype(np.uint8)), 1, box)
    fork = kind == "fork"
    return Tube(mask, int(fork), 3 if fork else 2, float(true))


def _lines(kind: str, length: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Polygons (k, 3) along the centre lines."""
    if kind == "bent":
        angle = rng.uniform(0.5, 2.5)
        along = np.linspace(0, angle, 40)
        arc = np.stack([np.sin(along), 1 - np.cos(along), 0 * along], axis=1)
        return [arc * length / angle]
    if kind == "fork":
        first = rng.uniform(0, 0.2, 3) + np.radians([0, 120, 240])
        arms = np.stack([np.cos(first), np.sin(first), rng.uniform(-0.3, 0.3, 3)], axis=1)
        arms *= length * rng.uniform(0.5, 0.8, (3, 1))
        return [np.stack([np.zeros(3), arm]) for arm in arms]
    return [np.array([[0.0, 0, 0], [length, 0, 0]])]


def _distance(grid: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distance of points (..., 3) from the line between two."""
    step = b - a
    share = np.clip((grid - a) @ step / (step @ step), 0, 1)
    return np.linalg.norm(grid - a - share[..., None] * step, axis=-1)
