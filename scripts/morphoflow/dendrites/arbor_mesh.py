"""How tight the net of dendrites is, and the field that it spans."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_cdt
from scipy.spatial import ConvexHull, QhullError


@dataclass(frozen=True)
class Hull:
    """The ``area`` of a convex hull and its sides (k, 3): a y + b x + c is negative inside."""

    sides: np.ndarray
    area: float


def hull(points: np.ndarray) -> Hull:
    """The convex hull of ``points`` (n, 2) along y, x; of points in a line, one without sides."""
    try:
        found = ConvexHull(points)
    except (QhullError, ValueError):
        return Hull(np.zeros((0, 3)), 0.0)
    return Hull(found.equations, float(found.volume))


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
