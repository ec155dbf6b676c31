"""Squares cut out of a picture: around its soma, in its centre, as tiles, or all of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from skimage.filters import threshold_otsu

from morphoflow.dendrites.findings import Refused
from morphoflow.dendrites.resample import resampled_length
from morphoflow.dendrites.soma import find_soma

LEAST_SIGNAL = 0.02  # share of a tile's pixels that must be brighter than the background


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
        raise Refused("too_small", message, f"{height} x {width}")
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


def bright_share(picture: np.ndarray, found: list[Square], size: int) -> Iterator[float]:
    """The share of each square's pixels above the threshold of Otsu for the whole picture."""
    threshold = threshold_otsu(picture)
    for square in found:
        pixels, inside = cut(picture, square, size)
        yield float((pixels[inside] > threshold).mean())
