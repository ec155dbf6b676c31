"""Simulated arbors as a confocal microscope with a saturated white point shows them."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import ndimage

from morphoflow.dendrites.simulator.simulate import Arbor
from morphoflow.dendrites.simulator.tree import Tree

FWHM_PER_SD = 2.3548

FINEST_UM = 0.33

HAZE_UM = 4.0

SOMA_LIGHT = 3.0

FLARE_UM = 1.5

OFFSET_COUNTS = 100.0

REACH_SD = 3.5


@dataclass(frozen=True)
class Optics:
    """The microscope: lengths in um.

    Dendrites have d² = ``tip_um``² + ``taper_um2`` (tips supported - 1). Light is 1 at the white
    point; ``gain`` is that of cable one um thick, ``spread`` the sd of its logarithm between
    images, ``haze`` the share of light out of focus, ``background`` the dark level. ``photons`` are
    counts at the white point, ``read_noise`` is in counts.
    """

    tip_um: float = 0.23
    taper_um2: float = 0.02
    blur_um: float = 0.65
    gain: float = 1.1
    spread: float = 0.3
    haze: float = 0.05
    background: float = 0.07
    photons: float = 400.0
    read_noise: float = 2.0

    def diameter(self, supported: np.ndarray) -> np.ndarray:
        """The diameters in um of cable that supports so many tips (Liao et al., PNAS 2021)."""
        return np.sqrt(self.tip_um**2 + self.taper_um2 * (supported - 1))


def render(
    arbor: Arbor, optics: Optics, size: int, pixel_um: float, rng: np.random.Generator
) -> np.ndarray:
    """The image (size, size) uint8 of the field around ``arbor.middle``."""
    factor = oversampling(pixel_um)
    gain = optics.gain * np.exp(rng.normal(0, optics.spread))
    background = optics.background * np.exp(rng.normal(0, 0.3))
    light = focus_light(arbor, optics, size * factor, pixel_um / factor, gain)
    light += optics.haze * _out_of_focus(light, pixel_um / factor) + background
    counts = expose(light, optics.photons, optics.read_noise, rng)
    return grey_values(block_mean(counts, factor), optics.photons)


def oversampling(pixel_um: float) -> int:
    """How many camera pixels lie along one pixel of the image, so that blur is sampled."""
    return int(np.ceil(pixel_um / FINEST_UM))


def soma_place(arbor: Arbor, size: int, pixel_um: float) -> np.ndarray:
    """The soma's x and y in an image's pixels, whose centres lie at whole numbers."""
    return -arbor.middle / pixel_um + (size - 1) / 2


def focus_light(
    arbor: Arbor, optics: Optics, size: int, pixel_um: float, gain: float
) -> np.ndarray:
    """The light (size, size) float32 of cable and soma without haze and noise."""
    tree = arbor.tree
    light = np.zeros((size, size), dtype=np.float32)
    place = (tree.xy - arbor.middle) / pixel_um + (size - 1) / 2
    below = np.flatnonzero(tree.parent >= 0)
    diameter = optics.diameter(tree.supported[below])
    blur = optics.blur_um / FWHM_PER_SD
    diameter = diameter + _flare(tree, below, arbor.soma)
    sd = np.sqrt(blur**2 + (diameter / 4) ** 2)
    start, end = place[tree.parent[below]], place[below]
    draw_lines(light, start, end, sd / pixel_um, gain * diameter / pixel_um)
    centre = soma_place(arbor, size, pixel_um)
    edge = max(blur, 0.3) / pixel_um
    draw_ellipse(light, centre, arbor.soma[:2] / pixel_um, arbor.soma[2], edge, SOMA_LIGHT)
    return light


def _flare(tree: Tree, nodes: np.ndarray, soma: np.ndarray) -> np.ndarray:
    """How much wider dendrites are where the soma tapers into them, in um; stout ones the most."""
    gap = np.maximum(np.hypot(*tree.xy[nodes].T) - soma[:2].mean(), 0)
    stout = np.sqrt(tree.supported[nodes] / tree.supported.max())
    return soma[:2].min() * stout * np.exp(-gap / FLARE_UM)


def _out_of_focus(light: np.ndarray, pixel_um: float) -> np.ndarray:
    step = max(int(HAZE_UM / pixel_um / 3), 1)
    step = next(k for k in range(step, 0, -1) if len(light) % k == 0)
    coarse = ndimage.gaussian_filter(block_mean(light, step), HAZE_UM / pixel_um / step)
    return ndimage.zoom(coarse, step, order=1, grid_mode=True, mode="nearest")


# A camera's counts of an image of light, and 8-bit grey values of counts.


@njit(cache=True)
def expose(light, photons, read_noise, rng):
    """Counts (h, w) float32 of ``light`` (h, w), of which 1 yields ``photons``.

    Poisson noise, then Gaussian read noise with the sd ``read_noise``, on an offset of 100 counts.
    """
    counts = np.empty(light.shape, dtype=np.float32)
    for i in range(light.shape[0]):
        for j in range(light.shape[1]):
            shot = rng.poisson(photons * light[i, j])
            counts[i, j] = OFFSET_COUNTS + shot + rng.normal(0.0, read_noise)
    return counts


def block_mean(image: np.ndarray, factor: int) -> np.ndarray:
    """The means (h / factor, w / factor) of square blocks."""
    height, width = image.shape
    blocks = image.reshape(height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def grey_values(counts: np.ndarray, white: float) -> np.ndarray:
    """8-bit values: 0 at the camera's offset, 255 from ``white`` counts above it on."""
    scaled = (counts - OFFSET_COUNTS) * (255 / white)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


# Dendrites as line sources blurred by a Gaussian, drawn exactly at every pixel's centre.


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
