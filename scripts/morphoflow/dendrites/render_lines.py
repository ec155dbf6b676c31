"""Dendrites as line sources blurred by a Gaussian, drawn exactly at every pixel's centre."""

import math

import numpy as np
from numba import njit

REACH_SD = 3.5


@njit(cache=True)
def draw_lines(image, start, end, sd, weight):
    """Add blurred segments to ``image`` (h, w) float32.

    ``start`` and ``end`` (m, 2) are x, y in pixels, pixel centres at whole numbers; ``sd`` (m,) in
    pixels; ``weight`` (m,) is the light per pixel of length. Segments that meet add up to one
    unbroken line, since each is the exact convolution of its length with the Gaussian.
    """
    for i in range(len(start)):
        dx, dy = end[i, 0] - start[i, 0], end[i, 1] - start[i, 1]
        length = math.hypot(dx, dy)
        if length > 0:
            _draw(image, start[i], dx / length, dy / length, length, sd[i], weight[i])


@njit(cache=True)
def _draw(image, start, ux, uy, length, sd, weight):
    height, width = image.shape
    x0, y0 = start
    reach = REACH_SD * sd
    left, right = min(x0, x0 + ux * length), max(x0, x0 + ux * length)
    top, bottom = min(y0, y0 + uy * length), max(y0, y0 + uy * length)
    across_scale = weight / (sd * math.sqrt(2 * math.pi))
    for y in range(max(math.ceil(top - reach), 0), min(math.floor(bottom + reach) + 1, height)):
        for x in range(max(math.ceil(left - reach), 0), min(math.floor(right + reach) + 1, width)):
            along = (x - x0) * ux + (y - y0) * uy
            across = (y - y0) * ux - (x - x0) * uy
            if abs(across) <= reach and -reach <= along <= length + reach:
                share = _step(along / sd) - _step((along - length) / sd)
                image[y, x] += across_scale * share * math.exp(-0.5 * (across / sd) ** 2)


@njit(cache=True)
def _step(distance):
    return 0.5 * (1 + math.erf(distance / math.sqrt(2)))


def draw_ellipse(
    image: np.ndarray, centre: np.ndarray, axes: np.ndarray, angle: float, edge: float, value: float
) -> None:
    """Add an ellipse of ``value`` to ``image``; lengths in pixels, ``edge`` the sd of its rim.

    ``centre`` (2,) is x, y; ``axes`` (2,) are semi-axes, the first at ``angle`` (radians) to x.
    """
    height, width = image.shape
    y, x = np.ogrid[:height, :width]
    x, y = x - centre[0], y - centre[1]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    radius = np.sqrt((along / axes[0]) ** 2 + (across / axes[1]) ** 2)
    inside = (1 - radius) * np.sqrt(axes[0] * axes[1])
    image += (value * 0.5 * (1 + np.tanh(inside / edge))).astype(image.dtype)
