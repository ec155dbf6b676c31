"""Contours of objects in images, between the pixels, for many images at once."""

import numpy as np
from numba import njit

from morphoflow.cells.shapes.outlines import Outlines

# Corners of a square of four pixels, clockwise from the upper left, as rows and columns; edge k
# runs from corner k to the next. An edge is known by its upper or left pixel and its direction.
CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))
EDGES = ((0, 0, 0), (0, 1, 1), (1, 0, 0), (0, 0, 1))


def contours(weights: np.ndarray) -> tuple[Outlines, np.ndarray]:
    """Where images (n, h, w) pass half of their largest value, interpolated linearly.

    Returns closed polygons in pixels, (0, 0) in the middle of the first pixel, and the image of
    each, (k,), in rising order; outer borders run clockwise as displayed, holes the other way
    round. Outside of the image is 0. Two pixels that touch at a corner are joined if the mean of
    the four about it is inside. Marching squares (Lorensen and Cline, SIGGRAPH 1987, in 2-D).
    """
    level = weights.max(axis=(1, 2), keepdims=True) / 2
    padded = np.pad(weights, ((0, 0), (1, 1), (1, 1))) - level
    start, end = _segments(padded)
    order = np.argsort(start)
    start, end = start[order], end[order]
    order, offsets = _loops(np.searchsorted(start, end))
    points = _places(padded, start[order]) - 1
    image = start[order][offsets[:-1]] // 2 // padded[0].size
    return Outlines(points, offsets), image


def _segments(padded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges where each piece of contour begins and ends, with the inside to its right.

    A piece leaves a square where, clockwise, an inside corner is followed by an outside one.
    """
    height, width = padded.shape[1:]
    corner = [padded[:, r : height - 1 + r, c : width - 1 + c] for r, c in CORNERS]
    inside = [values > 0 for values in corner]
    mixed = np.nonzero(np.any(inside, axis=0) & ~np.all(inside, axis=0))
    state = np.stack([values[mixed] for values in inside], axis=1)
    joined = np.sum([values[mixed] for values in corner], axis=0) > 0
    after = np.roll(state, -1, axis=1)
    square, leaving = np.nonzero(state & ~after)
    enters = (~state & after)[square]
    saddle = enters.sum(axis=1) == 2
    turn = np.where(joined[square], 1, -1)
    entering = np.where(saddle, (leaving + turn) % 4, enters.argmax(axis=1))
    origin = [axis[square] for axis in mixed]
    return _edge(origin, leaving, height, width), _edge(origin, entering, height, width)


def _edge(origin: list[np.ndarray], k: np.ndarray, height: int, width: int) -> np.ndarray:
    down, right, vertical = np.array(EDGES)[k].T
    image, row, column = origin
    return 2 * ((image * height + row + down) * width + column + right) + vertical


def _places(padded: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Where the contour crosses edges, (m, 2) as x and y."""
    height, width = padded.shape[1:]
    pixel, vertical = edge // 2, edge % 2
    here = padded.ravel()[pixel]
    there = padded.ravel()[pixel + np.where(vertical, width, 1)]
    share = here / (here - there)
    x, y = pixel % width, pixel // width % height
    return np.stack([x + share * (1 - vertical), y + share * vertical], axis=1)


@njit(cache=True, nogil=True)
def _loops(following: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of pieces along each loop, and where loops begin, from the piece after each."""
    m = len(following)
    seen = np.zeros(m, dtype=np.bool_)
    order = np.empty(m, dtype=np.int64)
    offsets = np.zeros(m + 1, dtype=np.int64)
    filled = loops = 0
    for first in range(m):
        piece = first
        while not seen[piece]:
            seen[piece] = True
            order[filled] = piece
            filled += 1
            piece = following[piece]
        if filled > offsets[loops]:
            loops += 1
            offsets[loops] = filled
    return order, offsets[: loops + 1]
