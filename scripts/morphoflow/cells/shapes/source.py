"""Features of cells at their source: the pixels of the image and its mask, before any scaling."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import KDTree

from morphoflow.cells.reading.masks import Mask, whole_objects
from morphoflow.cells.reading.pair_files import list_pairs, open_pair
from morphoflow.cells.reading.parts import Part, parts
from morphoflow.cells.reading.regions import Regions
from morphoflow.cells.shapes.channels import colocalisations, edge_intensities, rings
from morphoflow.cells.shapes.features import invariant, shape_features
from morphoflow.cells.shapes.granularity import Grains, grains, granularities
from morphoflow.cells.shapes.texture import DISTANCE, LEVELS, textures
from morphoflow.images.intensity import to_unit
from morphoflow.images.windowed import Pixels
from morphoflow.reading.findings import Refused
from morphoflow.store import Samples

WINDOW_PIXELS = 1 << 20  # that are measured at once

SIDE_STEP = 8  # sides of windows are rounded up, so that those of a kind go together

MARGIN = 2  # pixels around an object, for contours that close


def measure_sources(
    sources: list[dict], crops: Samples, objects: pd.DataFrame, pieces: str = "largest"
) -> tuple[np.ndarray, list[str]]:
    """The invariant features (n, d) float32 of the crops' objects in their images, and their names.

    ``sources`` are resolved ones of images with masks, from which the form ``crops`` was cut, with
    its setting ``pieces``; ``objects`` are its rows of the object table. Intensities are those of
    the file, divided by the largest value of its number type where that is an integer, as
    CellProfiler has them; lengths are in um where the pixel size of all is known.
    """
    row_of = {identifier: row for row, identifier in enumerate(crops.ids)}
    width = objects["pixel_size_um"].to_numpy(dtype=float)
    known = not np.isnan(width).any()
    values, names = np.zeros((0, 0), dtype=np.float32), []
    for source in sources:
        for name, (image_files, mask_file) in list_pairs(source).items():
            # What is refused here was so when it was cut, so that no crop is missing.
            with suppress(Refused), open_pair(image_files, mask_file, source) as (picture, mask):
                everywhere = _centroids(picture.pixels, mask, pieces)
                left = _grains(picture.pixels)
                for part in _parts(picture.pixels, mask, pieces):
                    regions = part.regions()
                    ids = [f"{name.replace('/', '_')}_{label}" for label in regions.label]
                    rows = np.array([row_of.get(identifier, -1) for identifier in ids], dtype=int)
                    chosen, channels = np.flatnonzero(rows >= 0), crops.attributes["channels"]
                    pixel_um = width[rows] if known else None
                    made = _of_part(part, regions, chosen, channels, everywhere, left, pixel_um)
                    for some, features in made:
                        block, names = invariant(features)
                        if not values.size:
                            values = np.zeros((len(crops.ids), len(names)), dtype=np.float32)
                        values[rows[some]] = block
    return values, names


def source_features(
    x: np.ndarray,
    inside: np.ndarray,
    edge: np.ndarray,
    channels: list[str],
    pixel_um: np.ndarray | None = None,
    levels: int = LEVELS - 1,
) -> dict[str, np.ndarray]:
    """Features (n,) of objects ``inside`` (n, h, w) windows ``x`` (n, c, h, w) of an image.

    ``edge`` (n, h, w) are their pixels next to others, see :func:`inner_edges`; ``levels`` is the
    largest value of the image's number type, of which 1 is made.
    """
    features = shape_features(x, inside.astype(np.float64), channels, pixel_um)
    for channel, values in zip(channels, x.swapaxes(0, 1), strict=True):
        for name, measure in edge_intensities(values, inside, edge).items():
            features[f"Intensity_{name}_{channel}"] = measure
        for name, measure in textures(values, inside).items():
            features[f"Texture_{name}_{channel}_{DISTANCE}_mean_{LEVELS}"] = measure
        for name, measure in rings(values, inside).items():
            features[f"Ring_{name}_{channel}"] = measure
    return features | colocalisations(x, inside, channels, levels)


def _parts(image: Pixels, mask: Mask, pieces: str) -> Iterator[Part]:
    """The parts of an image with labels that are whole as they were when they were cut."""
    for part in parts(image, mask, lambda extent: extent):
        yield replace(part, labels=whole_objects(part.labels, pieces)[0])


def _centroids(image: Pixels, mask: Mask, pieces: str) -> np.ndarray:
    """The centroids (n, 2) of all objects of an image."""
    own = [part.regions().centroid + part.corner for part in _parts(image, mask, pieces)]
    return np.concatenate([np.zeros((0, 2)), *own])


def _of_part(
    part: Part,
    regions: Regions,
    chosen: np.ndarray,
    channels: list[str],
    everywhere: np.ndarray,
    left: list[Grains],
    pixel_um: np.ndarray | None,
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """The features of the objects of a part, of some (m,) at once with their places in ``regions``.

    Those that are ``chosen`` (k,); ``everywhere`` (n, 2) are the centroids of all of the image, and
    ``left`` what its channels' grains leave.
    """
    pixels = part.pixels()
    # CellProfiler's thresholds in images of real numbers are those of 8 bits.
    levels = int(np.iinfo(pixels.dtype).max) if pixels.dtype.kind in "iu" else LEVELS - 1
    image = to_unit(pixels)
    distances = closest(regions.centroid + part.corner, everywhere, np.hypot(*part.shape))
    whole = {
        "Neighbors_NumberOfNeighbors_Adjacent": touching(part.labels, regions.label),
        "Neighbors_FirstClosestDistance": distances[:, 0],
        "Neighbors_SecondClosestDistance": distances[:, 1],
    }
    for channel, values, grain in zip(channels, image, left, strict=True):
        spectrum = granularities(grain, values, part.labels, regions.label, part.corner).T
        whole |= {f"Granularity_{k}_{channel}": v for k, v in enumerate(spectrum, 1)}
    for some, x, inside, edge in windows(image, part.labels, regions, chosen):
        width = None if pixel_um is None else pixel_um[some]
        own = {name: values[some] for name, values in whole.items()}
        made = source_features(x, inside, edge, channels, width, levels)
        yield some, made | _in_unit(own, width)


def _grains(image: Pixels) -> list[Grains]:
    """What is left of each channel of an image (c, h, w) without its grains."""
    sampled = (to_unit(image[c : c + 1, ::4, ::4])[0] for c in range(image.shape[0]))
    return [grains(pixels, image.shape[1:]) for pixels in sampled]


def _in_unit(features: dict[str, np.ndarray], pixel_um: np.ndarray | None) -> dict:
    """The features with distances in um, or in pixels where their width is not known."""
    unit, factor = ("px", 1.0) if pixel_um is None else ("um", pixel_um)
    lengths = {name: v for name, v in features.items() if name.endswith("Distance")}
    rest = {name: v for name, v in features.items() if name not in lengths}
    return rest | {f"{name}_{unit}": v * factor for name, v in lengths.items()}


def windows(
    image: np.ndarray, labels: np.ndarray, regions: Regions, chosen: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Windows (k, c, s, s) of an image (c, h, w) around objects, and their pixels (k, s, s).

    The last are all pixels of the objects, and those of their edges.

    Yields the places of the objects among the ``regions`` (those ``chosen``, (m,)), in blocks of
    one side each, so that small objects are not padded to the size of large ones.
    """
    extent = (regions.high - regions.low).max(axis=1, initial=0) + 1 + 2 * MARGIN
    side = -(-extent // SIDE_STEP) * SIDE_STEP
    margin = int(side.max(initial=0))
    around = (margin, margin)
    edges = np.pad(inner_edges(labels), (around, around))
    image, labels = np.pad(image, ((0, 0), around, around)), np.pad(labels, (around, around))
    for size in np.unique(side[chosen]):
        alike = chosen[side[chosen] == size]
        step = max(1, WINDOW_PIXELS // int(size) ** 2)
        for begin in range(0, len(alike), step):
            part = alike[begin : begin + step]
            place = tuple((regions.low[part] - MARGIN + margin).T)
            pixels = sliding_window_view(image, (size, size), axis=(1, 2))[:, *place]
            own = sliding_window_view(labels, (size, size))[place]
            inside = own == regions.label[part][:, None, None]
            edge = inside & sliding_window_view(edges, (size, size))[place]
            yield part, np.moveaxis(pixels, 1, 0), inside, edge


def inner_edges(labels: np.ndarray) -> np.ndarray:
    """The pixels of ``labels`` (h, w) beside one of another value; beyond the image is none."""
    edges = np.zeros(labels.shape, dtype=bool)
    for one, other in (
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        differ = labels[one] != labels[other]
        edges[one] |= differ
        edges[other] |= differ
    return edges & (labels > 0)


def touching(labels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How many others each of the ``wanted`` labels (n,), sorted, touches at a side or corner."""
    pairs = []
    height, width = labels.shape
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = labels[: height - dy, max(0, -dx) : width - max(0, dx)]
        b = labels[dy:, max(0, dx) : width + min(0, dx)]
        meet = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.sort(np.stack([a[meet], b[meet]]), axis=0))
    ends = np.unique(np.concatenate(pairs, axis=1), axis=1).ravel()
    ends = ends[np.isin(ends, wanted)]
    count = np.bincount(np.searchsorted(wanted, ends), minlength=len(wanted))
    return count.astype(np.float64)


def closest(centroid: np.ndarray, everywhere: np.ndarray, diagonal: float) -> np.ndarray:
    """Distances (n, 2) of centroids (n, 2) to the nearest and next nearest other one of an image.

    ``everywhere`` (m, 2) are all of the image, whose ``diagonal`` stands where there is none.
    """
    distance = np.full((len(centroid), 3), float(diagonal))
    if len(everywhere) > 1 and len(centroid):
        found = KDTree(everywhere).query(centroid, k=min(3, len(everywhere)))[0]
        distance[:, : found.shape[1]] = found
    return distance[:, 1:]
