"""The objects of an instance mask: area, centre, extent and reach, all objects at once."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Regions:
    """The ``n`` objects of a mask in the order of their labels; coordinates are (y, x) in pixels.

    ``label`` (n,), ``area`` (n,) in pixels, ``centroid`` (n, 2) of the mask, ``centre`` (n, 2) of
    the crop to be cut, ``low`` and ``high`` (n, 2) the first and last pixel, ``reach`` (n,) the
    distance from the centre to the farthest pixel, ``touches_border`` (n,).
    """

    label: np.ndarray
    area: np.ndarray
    centroid: np.ndarray
    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    reach: np.ndarray
    touches_border: np.ndarray

    def select(self, chosen: np.ndarray) -> "Regions":
        """The chosen objects."""
        return Regions(**{name: values[chosen] for name, values in vars(self).items()})


def measure_regions(labels: np.ndarray, image: np.ndarray | None = None) -> Regions:
    """Measure the objects of ``labels`` (h, w), whose background is 0.

    With an ``image`` (c, h, w) the centre is weighted by its channels' summed values, as far as
    they are positive; without one, and where that sum is zero, it is the mask's. Only the pixels
    of objects are visited, each once.
    """
    pixels = np.flatnonzero(labels)
    values = labels.ravel()[pixels]
    order = np.argsort(values, kind="stable")
    pixels, values = pixels[order], values[order]
    # Not by differences, which are rounded where labels have 64 bits.
    first = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    area = np.diff(first, append=len(values))
    yx = np.stack(np.divmod(pixels, labels.shape[1]), axis=1)
    centroid = np.add.reduceat(yx, first) / area[:, None] if len(first) else np.zeros((0, 2))
    weight = None if image is None else _weight(image, pixels)
    centre = centroid if weight is None else _weighted(yx, weight, first, centroid)
    distance = np.hypot(*(yx - np.repeat(centre, area, axis=0)).T)
    low, high = _extent(yx, first)
    return Regions(
        label=values[first],
        area=area,
        centroid=centroid,
        centre=centre,
        low=low,
        high=high,
        reach=np.maximum.reduceat(distance, first) if len(first) else np.zeros(0),
        touches_border=((low == 0) | (high == np.array(labels.shape) - 1)).any(axis=1),
    )


def sticks_out(regions: Regions, size: int, scale: np.ndarray) -> np.ndarray:
    """Which objects (n,) do not fit into a crop of ``size`` at ``scale`` (n,) as a whole."""
    below, above = regions.centre - regions.low, regions.high - regions.centre
    extent = np.maximum(below, above).max(axis=1, initial=0) + 0.5  # to the pixel's far edge
    return extent * scale > size / 2 + 1e-6


def _extent(yx: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(first):
        return np.zeros((0, 2), dtype=int), np.zeros((0, 2), dtype=int)
    return np.minimum.reduceat(yx, first), np.maximum.reduceat(yx, first)


def _weight(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    values = image.reshape(len(image), -1)[:, pixels].astype(np.float64)
    return np.clip(np.nan_to_num(values, posinf=0), 0, None).sum(axis=0)


def _weighted(
    yx: np.ndarray, weight: np.ndarray, first: np.ndarray, otherwise: np.ndarray
) -> np.ndarray:
    if not len(first):
        return otherwise
    total = np.add.reduceat(weight, first)[:, None]
    moment = np.add.reduceat(yx * weight[:, None], first)
    return np.where(total > 0, moment / np.where(total > 0, total, 1), otherwise)
