"""Sholl profile: how often dendrites cross circles about the soma."""

import numpy as np

CIRCLES = 16


def sholl(begin: np.ndarray, end: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """The crossings of each circle (Sholl, J. Anat. 87, 1953), (circles,) int64.

    ``begin`` and ``end`` (m,) are the distances of each edge's ends from the soma; edges are so
    short that they cross a circle once at most.
    """
    near, far = np.sort(np.minimum(begin, end)), np.sort(np.maximum(begin, end))
    return np.searchsorted(near, radii) - np.searchsorted(far, radii)
