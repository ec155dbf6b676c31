"""Shape and intensity features of objects, named as in CellProfiler where they are its measures.

``AreaShape``, ``Intensity``, ``Texture``, ``Granularity`` and ``Correlation`` are CellProfiler's
definitions, with the unit of lengths and areas at the end of the name. ``Contour``, ``Moment``,
``FourierDescriptor`` and ``Ring`` are this project's: they follow a smooth border, or turn with the
object exactly.
"""

import numpy as np
import pandas as pd
from scipy import ndimage

from morphoflow.cells.reading.fit import border_medians
from morphoflow.cells.shapes.geometry import geometry
from morphoflow.cells.shapes.moments import central_moments, hu_moments
from morphoflow.cells.shapes.pixels import intensities
from morphoflow.errors import InputError
from morphoflow.store import Samples

# What changes as an object turns, and is therefore no part of the feature vectors.
ORIENTED = ("AreaShape_Extent", "AreaShape_Orientation_deg")
# What is given in lengths, and what is a sum over the image's pixels, among the intensities.
LENGTHS, SUMS = ("MassDisplacement",), ("IntegratedIntensity",)
# Lengths and areas of the contour through the pixels' middles, and not of the pixels' outer sides.
OF_CONTOUR = ("Perimeter", "ConvexArea", "MaxFeretDiameter", "MinFeretDiameter")
BLOCK = 256
BINS = 128


def shape_features(
    x: np.ndarray,
    weights: np.ndarray,
    channels: list[str],
    pixel_um: np.ndarray | float | None,
    crop_scale: np.ndarray | float = 1.0,
) -> dict[str, np.ndarray]:
    """Features (n,) of crops ``x`` (n, c, h, w) whose objects cover ``weights`` (n, h, w) in 0..1.

    Lengths are in um and areas in um2 where the width ``pixel_um`` of the image's pixels is known,
    otherwise in those pixels, as the names say; ``crop_scale`` is how many pixels of the crop one
    of them became. Both are one value, or (n,) with one for each crop.

    Area, axes and moments weigh border pixels by the share that is covered; perimeter, hull, Feret
    diameters and Fourier descriptors are those of the contour at half of the largest weight; radii
    and the Euler number are those of the pixels above it. Every object covers something.
    """
    centroid, central = central_moments(weights)
    lengths, squares, numbers = geometry(weights, centroid, central)
    unit, factor = ("px", 1 / crop_scale) if pixel_um is None else ("um", pixel_um / crop_scale)
    features = {f"{_family(name)}_{name}_{unit}2": v * factor**2 for name, v in squares.items()}
    features |= {f"{_family(name)}_{name}_{unit}": v * factor for name, v in lengths.items()}
    features |= numbers | hu_moments(central)
    for channel, values in zip(channels, x.swapaxes(0, 1), strict=True):
        for name, measure in intensities(values, weights, centroid).items():
            suffix = f"_{unit}" if name in LENGTHS else ""
            scale = factor if name in LENGTHS else crop_scale**-2.0 if name in SUMS else 1.0
            features[f"Intensity_{name}_{channel}{suffix}"] = measure * scale
    return features


def _family(name: str) -> str:
    return "Contour" if name in OF_CONTOUR else "AreaShape"


def invariant(features: dict[str, np.ndarray]) -> tuple[np.ndarray, list[str]]:
    """The features (n, d) float32 that do not change as an object turns, and their names."""
    names = [name for name in features if name not in ORIENTED]
    return np.stack([features[name] for name in names], axis=1).astype(np.float32), names


def object_weights(
    x: np.ndarray, mask: np.ndarray | None, segmentation: str = "otsu"
) -> np.ndarray:
    """The share (n, h, w) float64 of each pixel that the object covers.

    From ``mask`` (n, h, w) uint8, 255 inside, if there is one; otherwise as ``segmentation``, one
    of SEGMENTATIONS, finds it in the crops ``x`` (n, c, h, w).
    """
    if mask is not None:
        return mask / 255
    return SEGMENTATIONS[segmentation](x).astype(np.float64)


def measure(
    crops: Samples, objects: pd.DataFrame, segmentation: str = "otsu"
) -> tuple[np.ndarray, list[str]]:
    """The invariant features (n, d) float32 of the form ``crops``, and their names.

    ``objects`` are its rows of the object table, whose ``crop_scale`` and ``pixel_size_um`` say
    how large a pixel of each crop is: the size of a cell does not depend on how it was cut.

    The object is what the store's mask says, and where it has none, what ``segmentation`` finds;
    with ``none``, intensities of the whole crops are all that is measured. Raises InputError for a
    crop without any object.
    """
    channels = crops.attributes["channels"]
    scale, width = objects["crop_scale"].to_numpy(), objects["pixel_size_um"].to_numpy(dtype=float)
    known = not np.isnan(width).any()
    blocks, names = [], []
    for begin in range(0, len(crops.ids), BLOCK):
        rows = slice(begin, begin + BLOCK)
        x = np.asarray(crops.x[rows])
        mask = None if crops.mask is None else crops.mask[rows]
        if mask is None and segmentation == "none":
            features = whole_crops(x, channels)
        else:
            weights = object_weights(x, mask, segmentation)
            _check(weights, crops.ids[rows])
            pixel_um = width[rows] if known else None
            features = shape_features(x, weights, channels, pixel_um, scale[rows])
        values, names = invariant(features)
        blocks.append(values)
    return np.concatenate(blocks), names


def whole_crops(x: np.ndarray, channels: list[str]) -> dict[str, np.ndarray]:
    """The intensities (n,) of whole crops ``x`` (n, c, h, w), of which no object is known."""
    weights = np.ones((len(x), *x.shape[2:]))
    centroid = np.tile((np.array(x.shape[2:]) - 1) / 2, (len(x), 1))
    return {
        f"Intensity_{name}_{channel}": measure
        for channel, values in zip(channels, x.swapaxes(0, 1), strict=True)
        for name, measure in intensities(values, weights, centroid).items()
        if name not in (*LENGTHS, *SUMS)
    }


def _check(weights: np.ndarray, ids: np.ndarray) -> None:
    """Raise InputError for the first object that covers nothing."""
    empty = np.flatnonzero(weights.max(axis=(1, 2)) == 0)
    if len(empty):
        raise InputError(
            f"'{ids[empty[0]]}' and {len(empty) - 1} other crops hold no object: the mask, or the "
            "crop where there is no mask, is 0 everywhere; remove them, or correct their masks."
        )


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
