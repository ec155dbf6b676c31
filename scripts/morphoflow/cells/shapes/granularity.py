"""The granular spectrum of objects: how much of their brightness lies in grains of each size."""

import math
import tempfile
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.morphology import disk, reconstruction

SHARE = 0.25  # of the image's resolution, and again for its background

BACKGROUND_RADIUS = 10  # pixels of the background's image

LENGTH = 16

ON_DISK = 1 << 22  # pixels at a quarter of the resolution, beyond which steps are kept in a file

CROSS = disk(1)


@dataclass(frozen=True)
class Grains:
    """One channel of an image of ``shape`` (h, w) at a quarter of its resolution.

    ``left`` (LENGTH, h / 4, w / 4) is what is left of it once the grains of each size are removed;
    it is on disk for a large image, and empty for one of fewer than 8 pixels a side.
    """

    shape: tuple[int, int]
    left: np.ndarray


def grains(image: np.ndarray, shape: tuple[int, int]) -> Grains:
    """What is left of a channel of the ``shape`` (h, w), of which ``image`` is each fourth pixel.

    Each step takes away the grains that an erosion by one more pixel removes. Settings and steps
    are those of CellProfiler (Ravkin and Temov, 1988; Vincent, Fundamenta Informaticae 41:57,
    2000).
    """
    height, width = (np.array(shape) * SHARE).astype(int)
    if min(height, width) < 2:
        return Grains(shape, np.zeros((0, 0, 0)))
    pixels = image[:height, :width].astype(np.float64)
    pixels = np.clip(pixels - _background(pixels), 0, None)
    left = _room((LENGTH, height, width))
    eroded = pixels
    for step in range(LENGTH):
        eroded = ndimage.grey_erosion(eroded, footprint=CROSS, mode="reflect")
        left[step] = reconstruction(eroded, pixels, footprint=CROSS)
    return Grains(shape, left)


def _room(shape: tuple[int, int, int]) -> np.ndarray:
    """An array, in a file without a name if it is large."""
    if math.prod(shape[1:]) <= ON_DISK:
        return np.empty(shape)
    return np.memmap(tempfile.TemporaryFile(), dtype=np.float64, shape=shape)


def granularities(
    left: Grains,
    image: np.ndarray,
    labels: np.ndarray,
    wanted: np.ndarray,
    corner: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """The spectrum (n, LENGTH) of the ``wanted`` labels (n,), in their order, in percent.

    How much of an object's mean each step of ``left`` takes away. ``image`` and ``labels`` (h, w)
    are the window of the image that begins at the ``corner``. Of a tiny image it is 0.
    """
    if not len(left.left) or not len(wanted):
        return np.zeros((len(wanted), LENGTH))
    places = np.nonzero(np.isin(labels, wanted))
    owner = np.searchsorted(wanted, labels[places])
    area = np.bincount(owner, minlength=len(wanted))
    before = np.bincount(owner, image[places], minlength=len(wanted)) / area
    start = np.maximum(before, np.finfo(float).eps)
    scale = (np.array(left.left.shape[1:]) - 1) / np.maximum(np.array(left.shape) - 1, 1)
    at = (np.stack(places) + np.array(corner)[:, None]) * scale[:, None]
    spectrum = []
    for pixels in left.left:
        restored = ndimage.map_coordinates(pixels, at, order=1)
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
