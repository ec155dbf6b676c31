"""Squares cut out of a picture: around its soma, in its centre, as tiles, or all of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from morphoflow.reading.findings import Refused

LEAST_SIGNAL = 0.02  # share of a tile's pixels that must be brighter than the background

SIDE = 256  # of the picture that is searched: a soma is several pixels wide in it

SMOOTHING = 1.0  # pixels of that picture, against noise

THRESHOLDS = 8

WHITE = 99.9  # percentile, so that hot pixels do not set the scale


@dataclass(frozen=True)
class Square:
    """Part of a picture: its first ``row`` and ``column``, which may lie outside, and its name.

    ``soma`` is the row and column of the soma in the picture, where it was looked for.
    """

    row: int
    column: int
    name: str | None = None
    soma: tuple[float, float] | None = None


def scale_of(shape: tuple[int, int], crop: str, size: int, pixel_scale: float) -> float:
    """The scale at which a frame of ``shape`` is cut; ``pixel_scale`` that of its pixel size.

    As a whole, the longer side becomes ``size``. Raises Refused for frames that are too small.
    """
    whole = crop == "whole"
    scale = size / max(shape) if whole else pixel_scale
    sides = [resampled_length(n, 1 if whole else scale) for n in shape]
    if (max(sides) if whole else min(sides)) < size:
        height, width = sides
        resampled = "" if whole or scale == 1 else ", once resampled,"
        message = f"it has {height} x {width} pixels{resampled} and not {size} x {size}"
        raise Refused("too_small", message, value=f"{height} x {width}")
    return scale


def squares(picture: np.ndarray, crop: str, size: int) -> list[Square]:
    """Where the squares of ``size`` lie in a picture (h, w) that was brought to scale."""
    height, width = picture.shape
    if crop == "soma":
        soma = find_soma(picture)
        return [Square(*(round(place - (size - 1) / 2) for place in soma), soma=soma)]
    if crop == "tiles":
        return _tiles(height, width, size)
    return [Square((height - size) // 2, (width - size) // 2)]


def _tiles(height: int, width: int, size: int) -> list[Square]:
    """Tiles side by side, as many as there is room for, in the middle of the picture."""
    top, left = height % size // 2, width % size // 2
    return [
        Square(top + r * size, left + c * size, f"row{r}_column{c}")
        for r in range(height // size)
        for c in range(width // size)
    ]


def cut(picture: np.ndarray, square: Square, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (size, size) of a square, 0 outside of the picture, and which lie inside."""
    pixels = np.zeros((size, size), picture.dtype)
    inside = np.zeros((size, size), bool)
    rows = _overlap(square.row, size, picture.shape[0])
    columns = _overlap(square.column, size, picture.shape[1])
    here, there = zip(rows, columns, strict=True)
    pixels[here], inside[here] = picture[there], True
    return pixels, inside


def _overlap(first: int, size: int, length: int) -> tuple[slice, slice]:
    """The part of a span of ``size`` from ``first`` on that lies within ``length``."""
    low, high = max(first, 0), min(first + size, length)
    return slice(low - first, high - first), slice(low, high)


def bright_share(picture: np.ndarray, tiles: list[Square], size: int) -> Iterator[float]:
    """The share of each square's pixels above the threshold of Otsu for the whole picture."""
    threshold = threshold_otsu(picture)
    for square in tiles:
        pixels, inside = cut(picture, square, size)
        yield float((pixels[inside] > threshold).mean())


# The soma: the largest bright compact blob of a picture.
#
# The thickest place of an arbor is where the largest disc fits inside of it, the maximum of the
# distance transform (Blum, "A transformation for extracting new descriptors of shape", 1967). A
# soma is both thick and bright, so the distance is summed over thresholds from the level that parts
# arbor from background (Otsu, IEEE Trans. Syst. Man Cybern. 9:62, 1979) up to white: haze is thick
# at the lowest thresholds alone, dendrites and specks are thin at all of them. No scale has to be
# known.


def find_soma(picture: np.ndarray) -> tuple[float, float]:
    """The row and column of the soma's centre in a ``picture`` (h, w), in its pixels."""
    scale = min(1.0, SIDE / max(picture.shape))
    smooth = ndimage.gaussian_filter(resample(picture, scale), SMOOTHING)
    low, high = threshold_otsu(smooth), np.percentile(smooth, WHITE)
    thickness = np.zeros_like(smooth)
    for threshold in np.linspace(low, high, THRESHOLDS, endpoint=False):
        thickness += _depth(smooth > threshold)
    row, column = _centre(thickness)
    return (row + 0.5) / scale - 0.5, (column + 0.5) / scale - 0.5


def _depth(bright: np.ndarray) -> np.ndarray:
    """The distance of each bright pixel from the dark, as which the outside of the frame counts."""
    return ndimage.distance_transform_edt(np.pad(bright, 1))[1:-1, 1:-1]


def _centre(thickness: np.ndarray) -> tuple[float, float]:
    """The centre of mass of the thickest place, down to half of its thickness."""
    thickest = np.unravel_index(thickness.argmax(), thickness.shape)
    pieces, _ = ndimage.label(2 * thickness >= thickness[thickest])
    return ndimage.center_of_mass(thickness, pieces, pieces[thickest])


# Area resampling of frames: a new pixel is the mean of the light that falls on it.
#
# Where a frame is made larger, the mean is taken over a square as wide as an old pixel, which is
# linear interpolation; so one kernel serves both directions and no detail is folded.


def resample(frame: np.ndarray, scale: float) -> np.ndarray:
    """A frame (h, w) at ``scale`` new pixels per old one, as float32; edges meet at the top left.

    A part of a pixel at the far edges is left out.
    """
    if scale == 1:
        return frame.astype(np.float32)
    rows, columns = (area_weights(n, scale) for n in frame.shape)
    return rows @ frame.astype(np.float32) @ columns.T


def resampled_length(length: int, scale: float) -> int:
    """The number of whole new pixels on ``length`` old ones."""
    return max(1, int(length * scale + 1e-6))


def area_weights(length: int, scale: float) -> np.ndarray:
    """The weights (new, length) of old pixels in new ones along an axis; rows sum to 1."""
    centre = (np.arange(resampled_length(length, scale)) + 0.5) / scale
    reach = max(1, 1 / scale) / 2
    left = np.arange(length)
    covered = np.minimum(left + 1, centre[:, None] + reach) - np.maximum(
        left, centre[:, None] - reach
    )
    weights = np.clip(covered, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
