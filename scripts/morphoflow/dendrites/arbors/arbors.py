"""Statistics of the dendritic arbor in an image, by which real and generated ones compare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from scipy.ndimage import distance_transform_cdt, distance_transform_edt
from scipy.spatial import ConvexHull, QhullError

from morphoflow.dendrites.arbors.graph import Arbor
from morphoflow.dendrites.arbors.skeleton import Skeleton
from morphoflow.dendrites.arbors.tracing import SIDE, Traced, trace

CIRCLES = 16

SHOLL = tuple(f"sholl_{k:02d}" for k in range(1, CIRCLES + 1))

# The power of the unit of length in what is measured; what is not named here is a pure number.
POWERS = {
    "skeleton_length": 1,
    "length_density": -1,
    "mean_segment": 1,
    "median_segment": 1,
    "mesh_size": 1,
    "radius_of_gyration": 1,
    "hull_area": 2,
    "soma_area": 2,
    "mean_diameter": 1,
    "sholl_maximum_radius": 1,
}

# What the names of the statistics of one kind begin with.
GROUPS = {
    "length": ("skeleton_length", "length_density", "mean_segment", "median_segment", "tortuosity"),
    "branching": (
        "branch_points",
        "tips",
        "cut_ends",
        "crossings",
        "contacts",
        "segments",
        "loops",
    ),
    "space": ("box_dimension", "mesh_size", "radius_of_gyration", "hull_area"),
    "sholl": ("sholl",),
    "appearance": ("mean_diameter", "mean_intensity", "soma_area"),
}

# A dendrite's half-width is at most so many pixels.
REACH = 12.0

# Box sizes lie between these shares of the radius of gyration, within which arbors scale.
SMALLEST, LARGEST = 1 / 20, 1 / 2

SIZES = 8


def arbor_statistics(
    images: np.ndarray, pixel_um: float | np.ndarray | None = None
) -> pd.DataFrame:
    """Measure ``images`` (n, 1, s, s) uint8; one row an image, the columns always the same.

    Lengths are in um where the size of a pixel ``pixel_um`` is known (one, or one an image), and
    else in pixels, as their names say. ``sholl_01`` to ``sholl_16`` are crossings of circles about
    the soma (or the image's centre where there is none), the last with half the image's side as
    radius. Cable is what lies outside the soma. ``tips`` are free ends, ``cut_ends`` those at the
    image's frame; where two lines cross is no branch point but one of the ``crossings``, and
    ``contacts`` are closed paths that were opened where a tip seems to touch other cable; ``loops``
    are rings without a branch. Intensity is in grey levels. Tortuosity is the length of all
    segments by the sum of their chords. A blank image has 0 everywhere. Turns by 90 degrees and
    flips change nothing: the image is measured in the one of its eight poses whose bytes come
    first.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 1:
        raise ValueError(f"images are {images.dtype} of shape {images.shape}, not uint8 (n,1,s,s)")
    return statistics_of([trace(image) for image in images[:, 0]], pixel_um)


def statistics_of(
    traced: Sequence[Traced], pixel_um: float | np.ndarray | None = None
) -> pd.DataFrame:
    """The table of :func:`arbor_statistics` from tracings (n)."""
    unit = "px" if pixel_um is None else "um"
    size = np.broadcast_to(1.0 if pixel_um is None else pixel_um, len(traced)).astype(float)
    names = list(_statistics(trace(np.zeros((SIDE, SIDE), dtype=np.uint8))))
    table = pd.DataFrame([_statistics(one) for one in traced], columns=names, dtype=float)
    for name, power in POWERS.items():
        table[name] *= size**power
    return table.rename(columns={name: _with_unit(name, unit) for name in POWERS})


def _with_unit(name: str, unit: str) -> str:
    return f"{name}_per_{unit}" if POWERS[name] < 0 else f"{name}_{unit}{'2'[: POWERS[name] - 1]}"


def _statistics(traced: Traced) -> dict[str, float]:
    """The statistics of one image, lengths in its pixels."""
    grey, thinned, graph, factor = traced.grey, traced.skeleton, traced.arbor, traced.factor
    side, length = len(grey), float(graph.length.sum())
    segments, chords = graph.segment_lengths(), graph.segment_chords()
    field = hull(graph.points)
    line = graph.drawn(grey.shape)
    gyration = _radius_of_gyration(graph)
    intensity, diameter = intensity_and_diameter(grey, thinned, graph, line)
    radii = side / 2 * np.arange(1, CIRCLES + 1) / CIRCLES
    distance = np.linalg.norm(graph.points - thinned.centre, axis=1)[graph.edges]
    profile = sholl(distance[:, 0], distance[:, 1], radii)
    peak = int(profile.argmax())
    return {
        "skeleton_length": length / factor,
        "length_density": length / side**2 * factor,
        "branch_points": int((graph.degree > 2).sum()),
        "tips": int(graph.tip.sum()),
        "cut_ends": int(graph.cut.sum()),
        "crossings": graph.crossings,
        "contacts": graph.contacts,
        "segments": len(segments),
        "loops": graph.loops,
        "mean_segment": segments.mean() / factor if len(segments) else 0.0,
        "median_segment": np.median(segments) / factor if len(segments) else 0.0,
        "tortuosity": length / chords.sum() if chords.any() else 0.0,
        "box_dimension": box_dimension(line, gyration),
        "mesh_size": mesh_size(line, field) / factor,
        "radius_of_gyration": gyration / factor,
        "hull_area": field.area / factor**2,
        "soma_area": thinned.soma.sum() / factor**2,
        "mean_diameter": diameter / factor,
        "mean_intensity": intensity,
        "sholl_maximum": profile[peak],
        "sholl_maximum_radius": radii[peak] / factor if profile[peak] else 0.0,
        **dict(zip(SHOLL, profile, strict=True)),
    }


def _radius_of_gyration(graph: Arbor) -> float:
    """The root mean square distance of the dendrites' length from its centre of mass, in pixels."""
    if len(graph.edges) == 0:
        return 0.0
    middle = graph.middles()
    centre = np.average(middle, axis=0, weights=graph.length)
    square = np.square(middle - centre).sum(axis=1)
    return float(np.sqrt(np.average(square, weights=graph.length)))


# How tight the net of dendrites is, and the field that it spans.


@dataclass(frozen=True)
class Hull:
    """The ``area`` of a convex hull and its sides (k, 3): a y + b x + c is negative inside."""

    sides: np.ndarray
    area: float


def hull(points: np.ndarray) -> Hull:
    """The convex hull of ``points`` (n, 2) along y, x; of points in a line, one without sides."""
    try:
        convex = ConvexHull(points)
    except (QhullError, ValueError):
        return Hull(np.zeros((0, 3)), 0.0)
    return Hull(convex.equations, float(convex.volume))


def filled(field: Hull, shape: tuple[int, int]) -> np.ndarray:
    """An image of this ``shape`` that is true in pixels whose middles lie within the hull."""
    a, b, c = field.sides.T
    # Along a row, each side of the hull bounds x from the left or from the right.
    rows = np.arange(shape[0])[:, None] + 0.5
    upright = np.abs(b) > 1e-9
    bound = -(rows * a + c)[:, upright] / b[upright]
    right = np.where(b[upright] > 0, bound, np.inf).min(axis=1, keepdims=True)
    left = np.where(b[upright] < 0, bound, -np.inf).max(axis=1, keepdims=True)
    held = ((rows * a + c)[:, ~upright] <= 0).all(axis=1, keepdims=True)
    columns = np.arange(shape[1]) + 0.5
    return (left <= columns) & (columns <= right) & held


def mesh_size(line: np.ndarray, field: Hull) -> float:
    """The side in pixels of the box that meets ``line`` (s, s) with a probability of one half.

    Boxes lie with their middles anywhere in the ``field`` (hitting probability; Ganguly et al.,
    arXiv 1611.05918, 2016). 0 without a field. Between odd sides the probability is interpolated.
    """
    if field.area == 0:
        return 0.0
    # A box reaches the line if the line is no farther along either axis than half its side.
    reach = distance_transform_cdt(~line, metric="chessboard")[filled(field, line.shape)]
    hit = np.cumsum(np.bincount(reach)) / len(reach)
    sides = np.concatenate([[0], 2 * np.arange(len(hit)) + 1])
    return float(np.interp(0.5, np.concatenate([[0.0], hit]), sides))


# Sholl profile: how often dendrites cross circles about the soma.


def sholl(begin: np.ndarray, end: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """The crossings of each circle (Sholl, J. Anat. 87, 1953), (circles,) int64.

    ``begin`` and ``end`` (m,) are the distances of each edge's ends from the soma; edges are so
    short that they cross a circle once at most.
    """
    near, far = np.sort(np.minimum(begin, end)), np.sort(np.maximum(begin, end))
    return np.searchsorted(near, radii) - np.searchsorted(far, radii)


# Brightness and width of dendrites.


def intensity_and_diameter(
    grey: np.ndarray, thinned: Skeleton, graph: Arbor, line: np.ndarray
) -> tuple[float, float]:
    """Mean grey level along dendrites and mean full width at half maximum in pixels; soma apart.

    The width is the area of the pixels brighter than half-way from the background to the nearest
    point of the ``line`` (s, s), by the length of the dendrites. Both are 0 without dendrites.
    """
    rows, columns = graph.middles().astype(int).T
    outside = ~thinned.soma[rows, columns]
    length = graph.length[outside].sum()
    if length == 0:
        return 0.0, 0.0
    levels = grey[rows, columns][outside]
    distance, nearest = distance_transform_edt(~line, return_indices=True)
    half = (thinned.background + grey[tuple(nearest)]) / 2
    wide = (grey > half) & (distance <= REACH) & ~thinned.soma
    return float(np.average(levels, weights=graph.length[outside])), float(wide.sum() / length)


# Box-counting dimension.


def box_dimension(mask: np.ndarray, radius: float) -> float:
    """How fast the boxes that cover ``mask`` (s, s) grow in number as they shrink.

    ``radius`` is the radius of gyration in pixels. Of each size, the grid counts that needs the
    fewest boxes, as the definition asks (Falconer, Fractal Geometry, 2003). 0 for a mask too small
    to hold two sizes of box.
    """
    sizes = np.geomspace(max(2.0, radius * SMALLEST), max(2.0, radius * LARGEST), SIZES)
    sizes = np.unique(sizes.round().astype(int))
    if len(sizes) < 2 or not mask.any():
        return 0.0
    total = np.pad(mask, ((1, 0), (1, 0))).astype(np.int64).cumsum(axis=0).cumsum(axis=1)
    numbers = [_fewest_boxes(total, size) for size in sizes]
    return float(-np.polyfit(np.log(sizes), np.log(numbers), 1)[0])


@njit(cache=True)
def _fewest_boxes(total, size):
    """Boxes of ``size`` pixels that hold a pixel of the mask, in the grid that needs the fewest.

    ``total`` (h + 1, w + 1) are the mask's cumulative sums.
    """
    height, width = total.shape[0] - 1, total.shape[1] - 1
    number = np.zeros((size, size), dtype=np.int64)
    for i in range(1 - size, height):
        top, bottom = max(i, 0), min(i + size, height)
        for j in range(1 - size, width):
            left, right = max(j, 0), min(j + size, width)
            held = total[bottom, right] - total[top, right]
            if held > total[bottom, left] - total[top, left]:
                number[i % size, j % size] += 1
    return number.min()
