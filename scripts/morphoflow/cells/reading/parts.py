"""Parts of an image in which objects of its mask lie whole: all of it, or tiles of a large one.

So that what is made of objects is the same however large the image is, and memory holds a tile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from morphoflow.cells.reading.masks import Mask
from morphoflow.cells.reading.regions import Regions, measure_regions
from morphoflow.images import windowed
from morphoflow.images.windowed import Pixels
from morphoflow.reading.findings import Refused

TILE = 2048  # pixels along each side


@dataclass(frozen=True)
class Part:
    """A window of an image of ``shape`` (h, w) whose first pixel is its ``corner`` (y, x).

    ``labels`` (h, w) are those of the window; of those that are ``own``, or of all of them where
    that is None, each is in one part alone, with ``margin`` pixels around its objects as far as the
    image has them. ``image`` are the image's pixels.
    """

    image: Pixels
    labels: np.ndarray
    corner: tuple[int, int]
    shape: tuple[int, int]
    own: np.ndarray | None

    def has(self, label: str) -> bool:
        """Whether a label is one of the part's own."""
        return self.own is None or int(label) in self.own

    def pixels(self) -> np.ndarray:
        """The image's pixels (c, h, w) in the window."""
        (top, left), (height, width) = self.corner, self.labels.shape
        return np.asarray(self.image[:, top : top + height, left : left + width])

    def regions(self, image: np.ndarray | None = None) -> Regions:
        """The part's own objects, by ``measure_regions``, in coordinates of the window."""
        regions = measure_regions(self.labels, image)
        if self.own is None:
            return regions
        regions = regions.select(np.isin(regions.label, self.own))
        ends = np.array(self.shape) - 1
        low, high = regions.low + self.corner, regions.high + self.corner
        return replace(regions, touches_border=((low == 0) | (high == ends)).any(axis=1))


def parts(image: Pixels, mask: Mask, margin: Callable[[int], int]) -> Iterator[Part]:
    """The parts of an ``image`` (c, h, w) with objects of its ``mask``.

    ``margin`` tells how many pixels around the objects a part is to have, by the largest extent of
    an object in pixels. Raises Refused for an object larger than a tile of a large image.
    """
    shape = mask.shape
    if shape[0] * shape[1] <= windowed.WHOLE:
        yield Part(image, mask[:, :], (0, 0), shape, None)
        return
    label, low, high = _extents(mask)
    if not len(label):  # one part, since an image without objects has something to tell too
        yield Part(image, mask[:1, :1], (0, 0), shape, label)
        return
    extent = high - low + 1
    widest = int(extent.max())
    if widest > TILE:
        name = label[np.argmax(extent.max(axis=1))]
        raise Refused(
            "too_wide",
            f"the label {name} reaches over {widest} pixels of a mask of {shape[0]} x {shape[1]}, "
            f"which is read by tiles of {TILE}",
            value=str(name),
        )
    around = max(margin(widest), widest + 2)
    tiles = low // TILE
    for tile in np.unique(tiles, axis=0):
        own = label[(tiles == tile).all(axis=1)]
        first = np.maximum(tile * TILE - around, 0)
        last = np.minimum((tile + 1) * TILE + widest + around, shape)
        labels = mask[first[0] : last[0], first[1] : last[1]]
        yield Part(image, labels, (int(first[0]), int(first[1])), shape, own)


def _extents(mask: Mask) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The labels (n,) of a mask, sorted, and the first and last pixel (n, 2) of each."""
    label, low, high = [], [], []
    for top in range(0, mask.shape[0], TILE):
        for left in range(0, mask.shape[1], TILE):
            corner = np.array([top, left])
            found = measure_regions(mask[top : top + TILE, left : left + TILE])
            label.append(found.label)
            low.append(corner + found.low)
            high.append(corner + found.high)
    labels = np.concatenate(label)
    order = np.argsort(labels, kind="stable")
    labels, lows, highs = labels[order], np.concatenate(low)[order], np.concatenate(high)[order]
    if not len(labels):
        return labels, lows, highs
    first = np.flatnonzero(np.append(True, labels[1:] != labels[:-1]))
    return labels[first], np.minimum.reduceat(lows, first), np.maximum.reduceat(highs, first)
