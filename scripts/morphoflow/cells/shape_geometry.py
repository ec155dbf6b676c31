"""The border of objects, and what follows from it and from their moments, in pixels."""

from dataclasses import dataclass

import numpy as np

from morphoflow.cells.outlines import Outlines, areas
from morphoflow.cells.shape_contours import contours
from morphoflow.cells.shape_fourier import fourier_descriptors
from morphoflow.cells.shape_hulls import extents, hulls
from morphoflow.cells.shape_moments import axes, zernike
from morphoflow.cells.shape_pixels import euler_numbers, inside_pixels, radii


@dataclass(frozen=True)
class Border:
    """The contours of n objects, the object of each contour (k,), and the objects' hulls."""

    outlines: Outlines
    image: np.ndarray
    hull: Outlines

    @classmethod
    def of(cls, weights: np.ndarray) -> "Border":
        """The borders of objects that cover ``weights`` (n, h, w) in 0..1."""
        outlines, image = contours(_without_stairs(weights))
        return cls(outlines, image, hulls(outlines.points, image[outlines.owner], len(weights)))

    @property
    def area(self) -> np.ndarray:
        """The area within the contours, less holes, (n,)."""
        return np.bincount(self.image, areas(self.outlines), minlength=self.hull.n)

    @property
    def perimeter(self) -> np.ndarray:
        """The length of all contours, holes included, (n,)."""
        return np.bincount(self.image, _lengths(self.outlines), minlength=self.hull.n)

    @property
    def longest(self) -> Outlines:
        """The longest contour of each object."""
        order = np.lexsort((_lengths(self.outlines), self.image))
        last = np.append(np.flatnonzero(np.diff(self.image)), len(self.image) - 1)
        return self.outlines.take(order[last])

    def reach(self, centroid: np.ndarray) -> np.ndarray:
        """The distance of each object's farthest point from its centroid (n, 2), (n,)."""
        offset = self.hull.points - centroid[self.hull.owner]
        return np.maximum.reduceat(np.hypot(*offset.T), self.hull.offsets[:-1])


def geometry(
    weights: np.ndarray, centroid: np.ndarray, central: np.ndarray
) -> tuple[dict, dict, dict]:
    """Lengths (px), areas (px2) and pure numbers of each object, (n,) each.

    ``centroid`` (n, 2) and ``central`` (n, 4, 4) are those of ``central_moments``.
    """
    border, inside = Border.of(weights), inside_pixels(weights)
    widest, narrowest, rectangle = extents(border.hull.points, border.hull.offsets).T
    major, minor, orientation = axes(central)
    area, perimeter = central[:, 0, 0], border.perimeter
    lengths = {
        "Perimeter": perimeter,
        "MajorAxisLength": major,
        "MinorAxisLength": minor,
        "EquivalentDiameter": np.sqrt(4 * area / np.pi),
        "MaxFeretDiameter": widest,
        "MinFeretDiameter": narrowest,
        **radii(inside),
    }
    squares = {"Area": area, "ConvexArea": areas(border.hull)}
    # Ratios take the area within the contour, so that no shape is rounder than a disc.
    numbers = {
        "AreaShape_Eccentricity": np.sqrt(1 - (minor / major) ** 2),
        "AreaShape_FormFactor": 4 * np.pi * border.area / perimeter**2,
        "AreaShape_Compactness": perimeter**2 / (4 * np.pi * border.area),
        "AreaShape_Solidity": border.area / squares["ConvexArea"],
        "AreaShape_RectangleExtent": border.area / rectangle,
        "AreaShape_Extent": inside.sum(axis=(1, 2)) / _box_areas(inside),
        "AreaShape_EulerNumber": euler_numbers(inside),
        "AreaShape_Orientation_deg": orientation,
    }
    numbers |= zernike(weights, centroid, border.reach(centroid))
    return lengths, squares, numbers | fourier_descriptors(border.longest)


def _without_stairs(weights: np.ndarray) -> np.ndarray:
    """Smooth masks without shares, the stairs of whose contours are 6 % longer than the border."""
    stairs = ((weights == 0) | (weights == 1)).all(axis=(1, 2), keepdims=True)
    padded = np.pad(weights, ((0, 0), (1, 1), (1, 1)))
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    smooth = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    return np.where(stairs, smooth, weights)


def _lengths(outlines: Outlines) -> np.ndarray:
    """The length of each polygon, (k,)."""
    step = outlines.points[outlines.following] - outlines.points
    return np.add.reduceat(np.hypot(*step.T), outlines.offsets[:-1])


def _box_areas(inside: np.ndarray) -> np.ndarray:
    """The area of the upright box around the inside pixels, (n,)."""
    return np.prod([_span(inside.any(axis=axis)) for axis in (1, 2)], axis=0)


def _span(hit: np.ndarray) -> np.ndarray:
    """How far the first hit of each row (n, k) is from the last, both counted."""
    return hit.shape[1] - hit.argmax(axis=1) - hit[:, ::-1].argmax(axis=1)
