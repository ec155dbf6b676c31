"""Features of cells at their source: the pixels of the image and its mask, before any scaling."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import KDTree

from morphoflow.cells.reading.masks import whole_objects
from morphoflow.cells.reading.pairs import list_pairs, read_pair
from morphoflow.cells.reading.regions import Regions, measure_regions
from morphoflow.cells.shapes.channels import colocalisations, edge_intensities, rings
from morphoflow.cells.shapes.features import invariant, shape_features
from morphoflow.cells.shapes.granularity import granularities
from morphoflow.cells.shapes.texture import DISTANCE, LEVELS, textures
from morphoflow.images.intensity import to_unit
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
        for name, (image_file, mask_file) in list_pairs(source).items():
            try:
                picture, labels = read_pair(image_file, mask_file, source)
            except Refused:  # and was so when it was cut, so that no crop is missing
                continue
            labels, _ = whole_objects(labels, pieces)
            regions = measure_regions(labels)
            ids = [f"{name.replace('/', '_')}_{label}" for label in regions.label]
            rows = np.array([row_of.get(identifier, -1) for identifier in ids], dtype=int)
            image, channels = to_unit(picture.pixels), crops.attributes["channels"]
            chosen = np.flatnonzero(rows >= 0)
            whole = _of_image(image, labels, regions, channels)
            for part, x, inside, edge in windows(image, labels, regions, chosen):
                pixel_um = width[rows[part]] if known else None
                here = {key: value[part] for key, value in whole.items()}
                features = source_features(x, inside, edge, channels, pixel_um)
                features |= _in_unit(here, pixel_um)
                block, names = invariant(features)
                if not values.size:
                    values = np.zeros((len(crops.ids), len(names)), dtype=np.float32)
                values[rows[part]] = block
    return values, names


def source_features(
    x: np.ndarray,
    inside: np.ndarray,
    edge: np.ndarray,
    channels: list[str],
    pixel_um: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Features (n,) of objects ``inside`` (n, h, w) windows ``x`` (n, c, h, w) of an image.

    ``edge`` (n, h, w) are their pixels next to others, see :func:`inner_edges`.
    """
    features = shape_features(x, inside.astype(np.float64), channels, pixel_um)
    for channel, values in zip(channels, x.swapaxes(0, 1), strict=True):
        for name, measure in edge_intensities(values, inside, edge).items():
            features[f"Intensity_{name}_{channel}"] = measure
        for name, measure in textures(values, inside).items():
            features[f"Texture_{name}_{channel}_{DISTANCE}_mean_{LEVELS}"] = measure
        for name, measure in rings(values, inside).items():
            features[f"Ring_{name}_{channel}"] = measure
    return features | colocalisations(x, inside, channels)


def _of_image(
    image: np.ndarray, labels: np.ndarray, regions: Regions, channels: list[str]
) -> dict[str, np.ndarray]:
    """Features (n,) of all objects of an image that more than its own window decides."""
    features = {f"Neighbors_{name}": v for name, v in neighbours(labels, regions).items()}
    for channel, values in zip(channels, image, strict=True):
        spectrum = granularities(values, labels, regions.label).T
        features |= {f"Granularity_{k}_{channel}": v for k, v in enumerate(spectrum, 1)}
    return features


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


def neighbours(labels: np.ndarray, regions: Regions) -> dict[str, np.ndarray]:
    """How close other objects of the image are to each: counts, and distances in pixels, (n,).

    Neighbours touch at a side or corner. Distances are those of centroids to the nearest and next
    nearest one; where there is none it is the image's diagonal.
    """
    n = len(regions.label)
    touching = set()
    height, width = labels.shape
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = labels[: height - dy, max(0, -dx) : width - max(0, dx)]
        b = labels[dy:, max(0, dx) : width + min(0, dx)]
        meet = (a != b) & (a > 0) & (b > 0)
        pairs = np.unique(np.sort(np.stack([a[meet], b[meet]]), axis=0), axis=1)
        touching |= set(map(tuple, pairs.T.tolist()))
    ends = np.array(sorted(touching), dtype=regions.label.dtype).reshape(-1)
    count = np.bincount(np.searchsorted(regions.label, ends), minlength=n)
    distance = np.full((n, 3), np.hypot(height, width))
    if n > 1:
        found = KDTree(regions.centroid).query(regions.centroid, k=min(3, n))[0]
        distance[:, : found.shape[1]] = found
    return {
        "NumberOfNeighbors_Adjacent": count.astype(np.float64),
        "FirstClosestDistance": distance[:, 1],
        "SecondClosestDistance": distance[:, 2],
    }
