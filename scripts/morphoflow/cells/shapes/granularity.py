"""The granular spectrum of objects: how much of their brightness lies in grains of each size."""

import numpy as np
from scipy import ndimage
from skimage.morphology import disk, reconstruction

SHARE = 0.25  # of the image's resolution, and again for its background

BACKGROUND_RADIUS = 10  # pixels of the background's image

LENGTH = 16

CROSS = disk(1)


def granularities(image: np.ndarray, labels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The spectrum (n, LENGTH) of the ``wanted`` labels (n,), in their order, in percent.

    Each step takes away the grains that an erosion by one more pixel removes, at a quarter of the
    resolution, and tells which share of the object's mean they held. Settings and steps are those
    of CellProfiler (Ravkin and Temov, 1988; Vincent, Fundamenta Informaticae 41:57, 2000). An image
    of fewer than 8 pixels a side has no spectrum and 0.
    """
    shape = np.array(image.shape)
    small = (shape * SHARE).astype(int)
    if small.min() < 2 or not len(wanted):
        return np.zeros((len(wanted), LENGTH))
    pixels = _sampled(image.astype(np.float64), small, 1 / SHARE)
    pixels = np.clip(pixels - _background(pixels), 0, None)
    places = np.nonzero(np.isin(labels, wanted))
    owner = np.searchsorted(wanted, labels[places])
    area = np.bincount(owner, minlength=len(wanted))
    before = np.bincount(owner, image[places], minlength=len(wanted)) / area
    start = np.maximum(before, np.finfo(float).eps)
    eroded, spectrum = pixels, []
    at = np.stack(places) * ((small - 1) / np.maximum(shape - 1, 1))[:, None]
    for _ in range(LENGTH):
        eroded = ndimage.grey_erosion(eroded, footprint=CROSS, mode="reflect")
        kept = reconstruction(eroded, pixels, footprint=CROSS)
        restored = ndimage.map_coordinates(kept, at, order=1)
        after = np.bincount(owner, restored, minlength=len(wanted)) / area
        spectrum.append((before - after) * 100 / start)
        before = after
    return np.stack(spectrum, axis=1)


def _background(pixels: np.ndarray) -> np.ndarray:
    """The image opened by a large disc, at a fraction of its resolution."""
    shape = np.array(pixels.shape)
    # As many samples as a range of steps of one has, up to a share of the shape.
    small = np.ceil(shape * SHARE).astype(int)
    opened = ndimage.grey_opening(
        _sampled(pixels, small, 1 / SHARE), footprint=disk(BACKGROUND_RADIUS), mode="reflect"
    )
    return _sampled(opened, shape, (shape * SHARE - 1) / np.maximum(shape - 1, 1))


def _sampled(image: np.ndarray, shape: np.ndarray, step: np.ndarray | float) -> np.ndarray:
    """The image at ``shape`` places that are ``step`` pixels apart, interpolated linearly."""
    step = np.broadcast_to(step, 2)
    places = [np.arange(n) * s for n, s in zip(shape, step, strict=True)]
    return ndimage.map_coordinates(image, np.meshgrid(*places, indexing="ij"), order=1)
