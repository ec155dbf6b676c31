"""Brightness and width of dendrites."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from morphoflow.dendrites.arbor_graph import Arbor
from morphoflow.dendrites.arbor_skeleton import Skeleton

# A dendrite's half-width is at most so many pixels.
REACH = 12.0


def intensity_and_diameter(
    grey: np.ndarray, found: Skeleton, graph: Arbor, line: np.ndarray
) -> tuple[float, float]:
    """Mean grey level along dendrites and mean full width at half maximum in pixels; soma apart.

    The width is the area of the pixels brighter than half-way from the background to the nearest
    point of the ``line`` (s, s), by the length of the dendrites. Both are 0 without dendrites.
    """
    rows, columns = graph.middles().astype(int).T
    outside = ~found.soma[rows, columns]
    length = graph.length[outside].sum()
    if length == 0:
        return 0.0, 0.0
    levels = grey[rows, columns][outside]
    distance, nearest = distance_transform_edt(~line, return_indices=True)
    half = (found.background + grey[tuple(nearest)]) / 2
    wide = (grey > half) & (distance <= REACH) & ~found.soma
    return float(np.average(levels, weights=graph.length[outside])), float(wide.sum() / length)
