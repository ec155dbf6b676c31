"""Where tips may be: in a growing territory, outside the soma."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.dendrites.simulate_cable import square_of


class Place(NamedTuple):
    """Where tips of cell 0 may be: in a growing ellipse, outside the soma's ellipse at the origin.

    ``territory``: centre x, y, semi-axes at the start, growth of a semi-axis per minute, angle;
    ``soma``: semi-axes and angle (um, radians).
    """

    territory: np.ndarray
    soma: np.ndarray


@njit(cache=True)
def barred(cable, x, y, cell, place, now):
    """Whether a tip of ``cell`` may not be at ``x``, ``y`` (um) in the minute ``now``.

    Nothing grows off the grid or into the soma; cell 0 alone is held by its territory.
    """
    row, column = square_of(cable, x, y)
    rows, columns = cable.head.shape
    if not (1 <= row < rows - 1 and 1 <= column < columns - 1):
        return True
    major, minor, angle = place.soma
    if _radius(x, y, major, minor, angle) < 1:
        return True
    x0, y0, major, minor, widening, angle = place.territory
    wide = _radius(x - x0, y - y0, major + widening * now, minor + widening * now, angle)
    return cell == 0 and wide > 1


@njit(cache=True)
def _radius(x, y, major, minor, angle):
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    return np.sqrt((along / major) ** 2 + (across / minor) ** 2)
