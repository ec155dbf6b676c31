"""Neurons as flat drawings: projections and lines."""

import numpy as np

from morphoflow.forest import Forest

AXES = "xyz"
# Neurons of like extent in all directions are shown as most people look at them, along z.
PREFERENCE = (1.0, 1.0, 1 / 1.1)
# Lines of more nodes than this make an SVG large, so they go into it as an image.
MOST_NODES_AS_LINES = 30_000


def longest_axes(forest: Forest) -> tuple[int, int]:
    """The two axes, in the order x, y, z, along which the neurons extend most on average.

    They are x and y unless z is longer than one of them by more than a tenth.
    """
    first = forest.offsets[:-1]
    low, high = np.minimum.reduceat(forest.xyz, first), np.maximum.reduceat(forest.xyz, first)
    extent = (high - low).mean(axis=0) * PREFERENCE
    a, b = sorted(np.argsort(-extent, kind="stable")[:2].tolist())
    return a, b


def tree_lines(xy: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Each node joined with its parent as one line with gaps: (3 m, 2), NaN between pieces."""
    child = np.flatnonzero(parent >= 0)
    gap = np.full((len(child), 2), np.nan)
    return np.stack([xy[parent[child]], xy[child], gap], axis=1).reshape(-1, 2)


def spaced_by_length(forest: Forest, rows: np.ndarray, n: int) -> np.ndarray:
    """``n`` of the neurons at ``rows``, evenly spaced in rank from the shortest to the longest.

    A single one is that of median cable length; ties go by id.
    """
    order = rows[np.lexsort((forest.ids[rows], forest.cable_length[rows]))]
    if n == 1:
        return order[[(len(order) - 1) // 2]]
    return order[np.unique(np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(int))]
