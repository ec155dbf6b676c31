"""Dendrites of a grey image found as bright ridges, and thinned to one pixel."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import distance_transform_edt, gaussian_filter, uniform_filter
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import skeletonize

# Widths of the Gaussian in pixels: dendrites one to some ten pixels wide answer to one of them.
SIGMAS = (1.0, 2.0)
# A ridge counts above these shares of the range of grey levels ...
LOW, HIGH = 0.02, 0.06
# ... and above these multiples of the response's lower quartile: white noise of any strength
# exceeds the upper one in less than one pixel in 10,000.
NOISE_LOW, NOISE_HIGH = 8.0, 14.0
# What holds a disk of this radius in pixels is solid, as the soma is, and has no ridge to be found.
SOLID_RADIUS = 3.0
# The soma holds a disk whose radius is at least this share of the image's side.
SOMA_SHARE = 1 / 40


@dataclass(frozen=True)
class Skeleton:
    """What is dendrite or soma, (s, s) bool, and its thinning ``line`` (s, s) bool.

    ``soma`` (s, s) bool is part of ``mask``; ``centre`` (2,) float64 is the soma's deepest point
    along y, x in pixels from the image's corner, or the image's centre where no soma is seen.
    ``background`` is the median grey level.
    """

    mask: np.ndarray
    line: np.ndarray
    soma: np.ndarray
    centre: np.ndarray
    background: float


def skeleton(image: np.ndarray) -> Skeleton:
    """Find the dendrites of ``image`` (s, s), whose grey levels may have any offset and scale.

    Ridges are where the smaller eigenvalue of the Hessian, normalised for scale, is most negative
    (Sato et al., Med. Image Anal. 2, 1998; Lindeberg, Int. J. Comput. Vis. 30, 1998). Weak ridges
    count where they touch strong ones.
    """
    grey = image.astype(np.float32)
    background = float(np.median(grey))
    smooth = gaussian_filter(grey, SIGMAS[0], mode="reflect")
    span = float(smooth.max()) - background
    if span <= 0:
        empty = np.zeros(grey.shape, dtype=bool)
        return Skeleton(empty, empty, empty, np.array(grey.shape) / 2, background)
    solid, soma, centre = _solid(smooth > background + span / 2)
    mask = solid
    for sigma in SIGMAS:
        response = _ridge(gaussian_filter(grey, sigma, mode="reflect")) * sigma**2
        noise = float(np.percentile(np.abs(response), 25))
        low, high = max(LOW * span, NOISE_LOW * noise), max(HIGH * span, NOISE_HIGH * noise)
        mask = mask | apply_hysteresis_threshold(response, low, high)
    # Each pixel goes with the majority about it, for a ragged edge makes spurs.
    mask = uniform_filter(mask.astype(np.float32), 3, mode="nearest") > 0.5
    return Skeleton(mask, skeletonize(mask), soma, centre, background)


def _solid(bright: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parts of ``bright`` (s, s) that hold a disk, those as large as a soma, and its centre."""
    side = len(bright)
    depth = distance_transform_edt(bright)
    centre = np.array([side / 2, side / 2])
    soma_radius = max(SOLID_RADIUS, SOMA_SHARE * side)
    if depth.max() >= soma_radius:
        centre = np.array(np.unravel_index(depth.argmax(), depth.shape)) + 0.5
    return _opened(depth, SOLID_RADIUS), _opened(depth, soma_radius), centre


def _opened(depth: np.ndarray, radius: float) -> np.ndarray:
    """What the disks of this radius cover that fit in where ``depth`` (s, s) is positive."""
    core = depth >= radius
    return distance_transform_edt(~core) < radius if core.any() else core


@njit(cache=True)
def _ridge(smooth):
    """The negated smaller eigenvalue of the Hessian of ``smooth`` (s, s), float32."""
    rows, columns = smooth.shape
    response = np.empty_like(smooth)
    for i in range(rows):
        up, down = max(i - 1, 0), min(i + 1, rows - 1)
        for j in range(columns):
            left, right = max(j - 1, 0), min(j + 1, columns - 1)
            here = 2 * smooth[i, j]
            yy = smooth[up, j] - here + smooth[down, j]
            xx = smooth[i, left] - here + smooth[i, right]
            diagonal = smooth[up, left] + smooth[down, right]
            xy = (diagonal - smooth[up, right] - smooth[down, left]) / 4
            half = (yy - xx) / 2
            response[i, j] = np.sqrt(half * half + xy * xy) - (yy + xx) / 2
    return response
