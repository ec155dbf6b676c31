"""Crops cut from an image around the objects of its mask, many at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from morphoflow.cells.reading.crops import CropSettings, block_rows
from morphoflow.cells.reading.fit import (
    apply,
    border_medians,
    weights,
    window_side,
    window_start,
)
from morphoflow.cells.reading.regions import Regions
from morphoflow.images.intensity import image_limits, object_limits, stretch, to_unit

WINDOW_PIXELS = 1 << 22  # pixels that are gathered at once, 16 MB as float32

SIDE_STEP = 8  # sides of windows are rounded up, so that those of a kind go together


def crop_scales(regions: Regions, settings: CropSettings, fixed: float) -> np.ndarray:
    """Crop pixels per image pixel (n,): ``fixed``, or so that each object fills its crop."""
    if settings.scale == "fixed":
        return np.full(len(regions.label), fixed)
    return settings.fill * settings.size / 2 / np.maximum(regions.reach, 1)


def sides(size: int, scale: np.ndarray) -> np.ndarray:
    """The sides (n,) of the windows that are gathered for crops of ``size`` at each ``scale``."""
    return -(-window_side(size, scale) // SIDE_STEP) * SIDE_STEP


def margin(settings: CropSettings, fixed: float, extent: int) -> int:
    """How far beyond objects of an ``extent`` in pixels their windows reach at most."""
    scale = fixed
    if settings.scale == "object":
        scale = settings.fill * settings.size / 2 / max(1.0, np.hypot(extent, extent))
    return int(sides(settings.size, np.array([scale]))[0])


def cut(
    image: np.ndarray,
    labels: np.ndarray,
    regions: Regions,
    scale: np.ndarray,
    settings: CropSettings,
    limits: np.ndarray | None = None,
    empty: np.ndarray | None = None,
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Cut the ``regions`` out of ``image`` (c, h, w) with ``labels`` (h, w), in blocks.

    ``limits`` (2, c) become 0 and 1 with the ranges ``dataset`` and ``image``, and ``empty`` (c,)
    is what stands outside of the object with the background ``median``. Where they are None, those
    of ``image`` and ``median`` are taken from the image.

    Yields the rows of a block, its crops (k, c, size, size) float32 in 0..1, and their masks
    (k, size, size) uint8, 255 inside. Beyond the image there is the background or, if that is kept,
    the nearest pixel.
    """
    if not len(scale):
        return
    size = settings.size
    side = sides(size, scale)
    if settings.range == "image" and limits is None:
        limits = image_limits(image, settings.percentiles)
    if settings.background == "median" and empty is None:
        empty = background_medians(image, labels)
    cutter = _Cutter(image, labels, int(side.max()), settings, limits, empty)
    step = block_rows(len(image), size)
    for begin in range(0, len(scale), step):
        rows = slice(begin, min(begin + step, len(scale)))
        crops = np.empty((rows.stop - begin, len(image), size, size), dtype=np.float32)
        masks = np.empty((len(crops), size, size), dtype=np.uint8)
        for alike in _alike(side[rows], len(image)):
            at = begin + alike
            crops[alike], masks[alike] = cutter(regions.select(at), scale[at], int(side[at[0]]))
        yield rows, crops, masks


def _alike(side: np.ndarray, channels: int) -> Iterator[np.ndarray]:
    """Rows with windows of one side, no more at once than memory has room for."""
    for value in np.unique(side):
        rows = np.flatnonzero(side == value)
        room = max(1, WINDOW_PIXELS // (int(value) ** 2 * channels))
        yield from np.split(rows, range(room, len(rows), room))


def background_medians(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The median (c,) of the pixels of an image (c, h, w) that are no object's, in its type.

    Where objects cover all of it, that of its border.
    """
    beside = image[:, labels == 0]
    medians = np.median(beside, axis=1) if beside.size else border_medians(image[None])[0]
    return medians.astype(image.dtype)


class _Cutter:
    """One image, padded once, from which batches of windows are taken."""

    def __init__(
        self,
        image: np.ndarray,
        labels: np.ndarray,
        margin: int,
        settings: CropSettings,
        limits: np.ndarray | None,
        empty: np.ndarray | None,
    ) -> None:
        around = (margin, margin)
        beyond = "edge" if settings.background == "keep" else "constant"
        self.empty = empty
        self.settings = settings
        self.margin = margin
        self.image = np.pad(image, ((0, 0), around, around), mode=beyond)
        self.labels = np.pad(labels, (around, around))
        self.limits = limits

    def __call__(
        self, regions: Regions, scale: np.ndarray, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        size = self.settings.size
        start = [window_start(centre, size, scale) for centre in regions.centre.T]
        to_rows, to_columns = (
            weights(centre, first, side, size, scale)
            for centre, first in zip(regions.centre.T, start, strict=True)
        )
        windows, inside = self._windows(regions.label, *start, side)
        crops = apply(to_rows, to_columns, windows)
        masks = apply(to_rows, to_columns, inside[:, None].astype(np.float32))[:, 0]
        return crops, np.rint(255 * masks).astype(np.uint8)

    def _windows(
        self, label: np.ndarray, top: np.ndarray, left: np.ndarray, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Windows (n, c, side, side) in 0..1, and which of their pixels are the object's."""
        place = (top + self.margin, left + self.margin)
        inside = sliding_window_view(self.labels, (side, side))[place] == label[:, None, None]
        views = sliding_window_view(self.image, (side, side), axis=(1, 2))
        windows = np.moveaxis(views[:, *place], 1, 0)
        masked = self.settings.background != "keep"
        if self.empty is not None:
            windows = np.where(inside[:, None], windows, self.empty[:, None, None])
        windows = self._in_range(windows, inside if masked else None)
        if masked and self.empty is None:
            windows = np.where(inside[:, None], windows, np.float32(0))
        return windows, inside

    def _in_range(self, windows: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
        if self.settings.range == "type":
            return to_unit(windows)
        limits = self.limits
        if limits is None:
            limits = object_limits(windows, inside, self.settings.percentiles)
        return stretch(windows, *limits)
