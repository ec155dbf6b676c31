"""Objects found in crops that come without masks, such as boxes around cells in bright-field."""

import numpy as np
from scipy import ndimage

from morphoflow.cells.reading.fit import border_medians

BINS = 128


def half_maximum(x: np.ndarray) -> np.ndarray:
    """The pixels (n, h, w) whose sum over channels is above half of the largest of the crop.

    For crops ``x`` (n, c, h, w) of bright objects on black.
    """
    total = x.sum(axis=1, dtype=np.float64)
    return total > total.max(axis=(1, 2), keepdims=True) / 2


def otsu(x: np.ndarray) -> np.ndarray:
    """The largest piece (n, h, w), without its holes, of what is unlike the crop's border.

    How unlike a pixel of ``x`` (n, c, h, w) is, is its distance over channels from the medians of
    the border, and the threshold is Otsu's (IEEE Transactions on Systems, Man, and Cybernetics
    9:62, 1979). Objects may be darker or brighter than what is around them.
    """
    background = border_medians(x)[..., None, None]
    distance = np.sqrt(((x - background).astype(np.float64) ** 2).sum(axis=1))
    return _largest_pieces(distance > otsu_thresholds(distance)[:, None, None])


def otsu_thresholds(values: np.ndarray) -> np.ndarray:
    """The threshold (n,) of the values (n, h, w) of each of n arrays, at least 0.

    It parts the values so that the two sides' means are as far apart as their sizes allow, in a
    histogram of 128 bins up to the largest; below half a bin, nothing is above it.
    """
    n = len(values)
    top = values.reshape(n, -1).max(axis=1)
    width = np.where(top > 0, top, 1) / BINS
    place = np.minimum(values / width[:, None, None], BINS - 1).astype(int)
    place += BINS * np.arange(n)[:, None, None]
    count = np.bincount(place.ravel(), minlength=n * BINS).reshape(n, BINS).astype(np.float64)
    middle = np.arange(BINS) + 0.5
    below, sums = count.cumsum(axis=1)[:, :-1], (count * middle).cumsum(axis=1)
    above, low = count.sum(axis=1, keepdims=True) - below, sums[:, :-1]
    high = sums[:, -1:] - low
    apart = low / np.maximum(below, 1) - high / np.maximum(above, 1)
    return (1 + np.argmax(below * above * apart**2, axis=1)) * width


def _largest_pieces(inside: np.ndarray) -> np.ndarray:
    """The largest connected piece of each mask (n, h, w), its holes filled; all at once."""
    n = len(inside)
    # A frame of outside pixels keeps each mask to itself.
    framed = np.pad(inside, ((0, 0), (1, 1), (1, 1)))
    shape = framed.shape
    labels, count = ndimage.label(framed.reshape(n * shape[1], shape[2]))
    labels = labels.reshape(shape)
    size = np.bincount(labels.ravel(), minlength=count + 1)
    size[0] = 0
    owner = np.zeros(count + 1, dtype=int)
    owner[labels] = np.arange(n)[:, None, None]
    order = np.lexsort((size, owner))
    last = np.searchsorted(owner[order], np.arange(n), side="right") - 1
    largest = order[np.maximum(last, 0)]
    own = (labels == largest[:, None, None]) & (labels > 0)
    filled = ndimage.binary_fill_holes(own.reshape(n * shape[1], shape[2])).reshape(shape)
    return filled[:, 1:-1, 1:-1]


# How an object is found in a crop without a mask, by the name of the setting.
SEGMENTATIONS = {"otsu": otsu, "half_maximum": half_maximum}
