"""Closed outlines of cells: read, cleaned and measured as polygons."""

from dataclasses import dataclass

import numpy as np

from morphoflow.errors import InputError


@dataclass(frozen=True)
class Outlines:
    """n closed polygons; the last point of each is joined to its first, which is not repeated.

    ``points`` (m, 2) float64 are x (right) and y (down) of all polygons in turn, ``offsets``
    (n + 1,) int64 where each begins.
    """

    points: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, polygons: list[np.ndarray]) -> "Outlines":
        """Join polygons of shape (points, 2)."""
        counts = [len(polygon) for polygon in polygons]
        points = np.concatenate([np.empty((0, 2)), *polygons]).astype(np.float64)
        return cls(points, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))

    @property
    def n(self) -> int:
        """The number of polygons."""
        return len(self.offsets) - 1

    @property
    def owner(self) -> np.ndarray:
        """The polygon of each point, (m,) int64."""
        return np.repeat(np.arange(self.n), np.diff(self.offsets))

    @property
    def following(self) -> np.ndarray:
        """The index of the point after each, the first after the last, (m,) int64."""
        following = np.arange(1, len(self.points) + 1)
        following[self.offsets[1:] - 1] = self.offsets[:-1]
        return following

    def take(self, rows: np.ndarray) -> "Outlines":
        """Some of the polygons, in the order of ``rows`` (k,)."""
        return Outlines.of([self.points[self.offsets[i] : self.offsets[i + 1]] for i in rows])


def areas(outlines: Outlines) -> np.ndarray:
    """The signed area of each polygon, (n,), positive if it runs clockwise as displayed."""
    return _per_polygon(outlines, _cross(outlines)) / 2


def centroids(outlines: Outlines) -> np.ndarray:
    """The centre of mass of each polygon's area, (n, 2) as x, y."""
    cross, points = _cross(outlines), outlines.points
    sums = points + points[outlines.following]
    moments = [_per_polygon(outlines, cross * values) for values in sums.T]
    return np.stack(moments, axis=1) / (6 * areas(outlines)[:, None])


def radii(outlines: Outlines) -> np.ndarray:
    """The distance of each polygon's farthest point from its centroid, (n,)."""
    offset = outlines.points - centroids(outlines)[outlines.owner]
    return np.maximum.reduceat(np.linalg.norm(offset, axis=1), outlines.offsets[:-1])


def read_outlines(text: str, name: str) -> Outlines:
    """Read polygons with one point "x y" a line, y up, and an empty line between polygons."""
    blocks = [block.split() for block in text.strip().split("\n\n")]
    odd = [i for i, block in enumerate(blocks) if len(block) % 2]
    if odd:
        raise InputError(
            f"{name}: outline {odd[0]} has a point without x or without y; give both on each line."
        )
    try:
        polygons = [np.array(block, dtype=np.float64).reshape(-1, 2) for block in blocks]
    except ValueError as error:
        raise InputError(f"{name} holds something else than numbers ({error}).") from None
    return Outlines.of([polygon * [1, -1] for polygon in polygons])


def clean(outlines: Outlines, least_area: float) -> tuple[Outlines, np.ndarray, dict[int, str]]:
    """Repair and select polygons.

    Points that repeat the one before, a closing point among them, go. A polygon is dropped that is
    smaller than ``least_area`` or a copy of an earlier one at the same place. Returns the
    polygons kept, their rows (k,) in the input, and the reason for each row that was dropped.
    """
    repaired = _without_repeats(outlines)
    reasons: dict[int, str] = {}
    seen: dict[bytes, int] = {}
    for row, area in enumerate(np.abs(areas(repaired))):
        content = repaired.points[repaired.offsets[row] : repaired.offsets[row + 1]].tobytes()
        if area < least_area:
            reasons[row] = f"its area is {area:g}, less than {least_area:g}"
        elif content in seen:
            reasons[row] = f"it is a copy of outline {seen[content]}"
        seen.setdefault(content, row)
    kept = np.array([row for row in range(outlines.n) if row not in reasons], dtype=np.int64)
    return repaired.take(kept), kept, reasons


def _without_repeats(outlines: Outlines) -> Outlines:
    repeated = (outlines.points == outlines.points[outlines.following]).all(axis=1)
    counts = np.bincount(outlines.owner[~repeated], minlength=outlines.n)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Outlines(outlines.points[~repeated], offsets)


def _cross(outlines: Outlines) -> np.ndarray:
    """The cross product of each point with the one that follows, (m,)."""
    here, after = outlines.points, outlines.points[outlines.following]
    return here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1]


def _per_polygon(outlines: Outlines, values: np.ndarray) -> np.ndarray:
    """The sum of the values (m,) of each polygon's points, (n,); 0 for one without points."""
    return np.bincount(outlines.owner, weights=values, minlength=outlines.n)
