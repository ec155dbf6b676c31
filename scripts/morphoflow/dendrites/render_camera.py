"""A camera's counts of an image of light, and 8-bit grey values of counts."""

import numpy as np
from numba import njit

OFFSET_COUNTS = 100.0


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
