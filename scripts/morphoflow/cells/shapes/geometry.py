"""The border of objects, and what follows from it and from their moments, in pixels."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.cells.shapes.contours import contours
from morphoflow.cells.shapes.moments import axes, zernike
from morphoflow.cells.shapes.outlines import Outlines, areas
from morphoflow.cells.shapes.pixels import euler_numbers, inside_pixels, radii

HIGHEST = 10

ORDERS = (*range(1, HIGHEST + 1), *range(-1, -HIGHEST - 1, -1))


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
        "Contour_FormFactor": 4 * np.pi * border.area / perimeter**2,
        "Contour_Compactness": perimeter**2 / (4 * np.pi * border.area),
        "Contour_Solidity": border.area / squares["ConvexArea"],
        "Contour_RectangleExtent": border.area / rectangle,
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


# Fourier descriptors of closed contours.


def fourier_descriptors(outlines: Outlines) -> dict[str, np.ndarray]:
    """Magnitudes (n,) of the Fourier coefficients of each polygon, run through at constant speed.

    Order 1 is the ellipse-like base shape, by which the others are divided; order -1 is its
    elongation, and higher orders have so many lobes, on either side. The coefficients are integrals
    along the edges and not sums over samples (Kuhl and Giardina, Computer Graphics and Image
    Processing 18:236, 1982), so that the point where a polygon begins does not matter. Magnitudes
    do not change with position, size, orientation and, since outlines run clockwise, reflection.
    """
    step = outlines.points[outlines.following] - outlines.points
    edge = step[:, 0] + 1j * step[:, 1]
    length = np.abs(edge)
    begin = np.cumsum(length) - length
    first = outlines.offsets[:-1]
    share = (begin - begin[first][outlines.owner]) / np.add.reduceat(length, first)[outlines.owner]
    # The derivative, a unit vector along each edge, has an integral in closed form.
    speed = np.divide(edge, length, out=np.zeros_like(edge), where=length > 0)
    base = np.exp(-2j * np.pi * share)[:, None]
    turn = np.cumprod(np.broadcast_to(base, (len(base), HIGHEST)), axis=1)
    turn = np.concatenate([turn, turn.conj()], axis=1)
    sums = np.add.reduceat(speed[:, None] * (turn - turn[outlines.following]), first, axis=0)
    magnitude = np.abs(sums) / np.square(ORDERS)
    ratio = magnitude[:, 1:] / np.maximum(magnitude[:, :1], np.finfo(float).tiny)
    names = [f"FourierDescriptor_{'minus_' if k < 0 else ''}{abs(k)}" for k in ORDERS[1:]]
    return dict(zip(names, ratio.T, strict=True))


# Convex hulls of sets of points, and how wide they are.


def hulls(points: np.ndarray, owner: np.ndarray, n: int) -> Outlines:
    """The convex hull of the points (m, 2) of each of n owners, clockwise as displayed.

    Andrew's monotone chain (Information Processing Letters 9:216, 1979). Every owner has a point.
    """
    order = np.lexsort((points[:, 1], points[:, 0], owner))
    counts = np.bincount(owner, minlength=n)
    hull, sizes = _chains(points[order], np.concatenate([[0], np.cumsum(counts)]))
    return Outlines(hull, np.concatenate([[0], np.cumsum(sizes)]))


@njit(cache=True, nogil=True)
def _chains(points: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(offsets) - 1
    hull = np.empty_like(points)
    sizes = np.empty(n, dtype=np.int64)
    filled = 0
    for i in range(n):
        begin, end = offsets[i], offsets[i + 1]
        chain = np.empty((2 * (end - begin) + 1, 2))
        size = _half(points[begin:end], chain, 0)
        size = _half(points[begin:end][::-1], chain, max(size - 1, 0))
        sizes[i] = max(size - 1, 1)
        hull[filled : filled + sizes[i]] = chain[: sizes[i]]
        filled += sizes[i]
    return hull[:filled], sizes


@njit(cache=True, nogil=True)
def _half(points: np.ndarray, chain: np.ndarray, base: int) -> int:
    """Append the half of the hull that turns one way to ``chain``; return its new length."""
    size = base
    for point in points:
        while size >= base + 2 and _turn(chain[size - 2], chain[size - 1], point) <= 0:
            size -= 1
        chain[size] = point
        size += 1
    return size


@njit(cache=True, nogil=True)
def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@njit(cache=True, nogil=True)
def extents(points: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Largest and smallest width, and area of the smallest rectangle around each hull, (n, 3).

    The smallest width and rectangle have a side along an edge of the hull (Freeman and Shapira,
    Communications of the ACM 18:409, 1975).
    """
    result = np.zeros((len(offsets) - 1, 3))
    for i in range(len(result)):
        hull = points[offsets[i] : offsets[i + 1]]
        narrowest = smallest = np.inf
        for k in range(len(hull)):
            along = hull[(k + 1) % len(hull)] - hull[k]
            length = np.hypot(along[0], along[1])
            for point in hull[:k]:
                width = np.hypot(point[0] - hull[k, 0], point[1] - hull[k, 1])
                result[i, 0] = max(result[i, 0], width)
            if length > 0:
                span, height = _box(hull, along / length)
                narrowest, smallest = min(narrowest, height), min(smallest, span * height)
        if narrowest < np.inf:
            result[i, 1], result[i, 2] = narrowest, smallest
    return result


@njit(cache=True, nogil=True)
def _box(hull: np.ndarray, along: np.ndarray) -> tuple[float, float]:
    """The size of the rectangle around a hull, along a direction and across it."""
    across = np.array([-along[1], along[0]])
    u, v = hull @ along, hull @ across
    return u.max() - u.min(), v.max() - v.min()
