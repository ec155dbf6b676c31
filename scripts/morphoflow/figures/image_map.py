"""Crops at their places on a two-dimensional map of an embedding."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

from morphoflow.colors import known_labels, label_colors
from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.keys import channel_key, channel_key_height, key_height, label_key
from morphoflow.figures.montage import Tiles, framed, heading
from morphoflow.figures.style import in_style, remark

WIDTH, MARGIN, GAP = 7.2, 0.1, 0.02  # inches
TITLE = 0.28  # inches
LARGEST = 0.8  # inches
MAPS = {"umap": "UMAP", "tsne": "t-SNE", "pca": "principal components"}
MOST_CELLS = 26  # a side
# Cells for each object, where every object has one.
ROOM = 2.2
MOST_PIXELS = 48


def map_to_draw(maps: pd.DataFrame) -> str | None:
    """The first of UMAP, t-SNE and principal components with coordinates of all objects."""
    for name in MAPS:
        columns = [f"{name}_1", f"{name}_2"]
        if set(columns) <= set(maps) and np.isfinite(maps[columns].to_numpy(dtype=float)).all():
            return name
    return None


def snap_to_grid(xy: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Objects (m,) and their cells (m, 2), row from the top and column, in a square grid.

    ``xy`` (n, 2) is stretched to the grid, whose ``side`` (at most ``most``) is returned too. Where
    the grid has room, every object gets a cell of its own such that the sum of squared ways is
    least (linear assignment); else each cell shows the object that is nearest to its middle.
    """
    side = min(most, max(2, math.ceil(math.sqrt(ROOM * len(xy)))))
    extent = np.ptp(xy, axis=0)
    place = (xy - xy.min(axis=0)) / np.where(extent > 0, extent, 1)
    place = np.where(extent > 0, place, 0.5)
    # Rows count from the top, the map's second axis from the bottom.
    place = np.stack([1 - place[:, 1], place[:, 0]], axis=1) * (side - 1)
    if len(xy) * ROOM <= side**2:
        return (*_assigned(place, side), side)
    return (*_nearest(place, side), side)


def _assigned(place: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    cells = np.stack(np.divmod(np.arange(side**2), side), axis=1)
    objects, taken = linear_sum_assignment(((place[:, None] - cells) ** 2).sum(axis=2))
    return objects, cells[taken]


def _nearest(place: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    cell = np.rint(place).astype(int)
    number = cell[:, 0] * side + cell[:, 1]
    way = ((place - cell) ** 2).sum(axis=1)
    order = np.lexsort((way, number))
    _, first = np.unique(number[order], return_index=True)
    objects = np.sort(order[first])
    return objects, cell[objects]


@in_style
def plot_image_map(crops: Crops, maps: pd.DataFrame, labels: list) -> Figure:
    """Crops (n) on a grid at their places on a map, framed in the colour of their label (n,)."""
    name = map_to_draw(maps)
    if name is None:
        figure = Figure(figsize=(WIDTH, 1.2))
        remark(figure.subplots(), "too few objects for a map")
        return figure
    xy = maps[[f"{name}_1", f"{name}_2"]].to_numpy(dtype=float)
    objects, cells, side = snap_to_grid(xy, MOST_CELLS)
    crop = crops.take_small(objects, MOST_PIXELS)
    colors, names = label_colors(labels), known_labels(labels)
    pictures = composite(crop, display_limits(crop))
    pictures = framed(pictures, [colors[names[i]] for i in objects], 0.06)
    grid = np.full((side, side, *pictures.shape[1:]), np.nan, np.float32)
    grid[cells[:, 0], cells[:, 1]] = pictures
    edge = min(LARGEST, (WIDTH - 2 * MARGIN + GAP) / side - GAP)
    tall = side * (edge * grid.shape[2] / grid.shape[3] + GAP) + 0.05
    start = MARGIN + channel_key_height(crops.channels)
    height = start + TITLE + tall + key_height(labels, WIDTH - 2 * MARGIN) + MARGIN
    figure = Figure(figsize=(WIDTH, height))
    shown = "all" if len(objects) == len(xy) else f"{len(objects):,} of"
    heading(figure, f"{MAPS[name]}, {shown} {len(xy):,} objects", MARGIN, start)
    channel_key(figure, crops.channels, MARGIN)
    Tiles(figure, grid, left=MARGIN, top=start + TITLE, side=edge, gap=GAP)
    label_key(figure, labels, MARGIN)
    return figure
