"""Simulated arbors as a confocal microscope with a saturated white point shows them."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from morphoflow.dendrites.render_camera import block_mean, expose, grey_values
from morphoflow.dendrites.render_lines import draw_ellipse, draw_lines
from morphoflow.dendrites.simulate import Arbor
from morphoflow.dendrites.simulate_tree import Tree

FWHM_PER_SD = 2.3548
FINEST_UM = 0.33
HAZE_UM = 4.0
SOMA_LIGHT = 3.0
FLARE_UM = 1.5


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
