"""A gallery of the images of a dataset, and how well simulated ones are traced."""

import math
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.colors import UNKNOWN, known_labels, label_colors, sorted_labels
from morphoflow.figures.arbors import statistic_name
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.crops import example_rows
from morphoflow.figures.grey import grey_limits, grey_pictures
from morphoflow.figures.montage import Tiles, heading, shortened
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import in_style, readable
from morphoflow.store import read_samples

WIDTH, MARGIN, NAMES, GAP, ID = 7.2, 0.1, 0.95, 0.05, 0.14  # inches
FOOT = 0.28  # inches below the images
LINE, COLUMN = 0.14, 0.75  # inches from line to line and from column to column of a table
ACROSS, FEWEST = 5, 4
# Few labels have several lines of images.
LINES = {1: 4, 2: 2, 3: 2}
MOST_LABELS = 12


def read_images(path: Path) -> Crops:
    """Open a store of images, with the width of a pixel in um where it is known."""
    facts = read_samples(path).attributes
    return replace(Crops.read(path), pixel_size_um=facts.get("pixel_um"))


@in_style
def plot_dendrites(images: Crops, labels: list, topology: pd.DataFrame | None = None) -> Figure:
    """Some images of each label (n,), evenly spaced in their order, all at one contrast.

    Under each stands the end of its id. Labels beyond the first twelve by name are only counted.
    ``topology`` is the table of :func:`morphoflow.dendrites.arbors.truth.true_and_traced`.
    """
    names = sorted_labels(labels)
    chosen = example_rows(labels, ACROSS * LINES.get(len(names), 1))
    chosen = {name: chosen[name] for name in names[:MOST_LABELS]}
    across = max(even_lines(len(rows)) for rows in chosen.values())
    lines = [
        (name, rows[start : start + across], start == 0)
        for name, rows in chosen.items()
        for start in range(0, len(rows), across)
    ]
    # A column of names says nothing where there are none.
    left = MARGIN + (0 if names == [UNKNOWN] else NAMES)
    side = (WIDTH - MARGIN - left + GAP) / max(across, FEWEST) - GAP
    foot = MARGIN + len(lines) * (side + ID + GAP)
    table = 0.0 if topology is None else (len(topology) + 2) * LINE
    figure = Figure(figsize=(WIDTH, foot + FOOT + table + MARGIN))
    limits = grey_limits(images.take(np.concatenate(list(chosen.values())))[:, 0])
    for i, (name, rows, first) in enumerate(lines):
        pictures = grey_pictures(images.take(rows)[:, 0], limits)[None]
        unit = (images.pixel_size_um or 1.0) * images.x.shape[-1] / pictures.shape[3]
        top = MARGIN + i * (side + ID + GAP)
        tiles = Tiles(figure, pictures, left=left, top=top, side=side, gap=GAP, unit=unit)
        for column, identifier in enumerate(images.ids[rows]):
            tiles.below(0, column, shortened(identifier, 24), fontsize=5.5)
        if first and left > MARGIN:
            _name(tiles, name, labels)
    if images.pixel_size_um:
        _bar(tiles)
    _note_rest(figure, images.pixel_size_um, len(labels), len(names) - len(chosen), (left, foot))
    if topology is not None:
        _topology(figure, topology, foot + FOOT)
    return figure


def even_lines(number: int) -> int:
    """Images a line where ``number`` of them fill as few lines as they need evenly."""
    return math.ceil(number / math.ceil(number / ACROSS))


def _name(tiles: Tiles, name: str, labels: list) -> None:
    words = textwrap.wrap(readable(name), 14)[:3]
    style = {"color": label_colors(labels)[name], "weight": "bold", "fontsize": 8}
    tiles.left_of(0, "\n".join(words) + "\n", NAMES, **style)
    count = known_labels(labels).count(name)
    tiles.left_of(0, "\n" * len(words) + f"n = {count:,}", NAMES, fontsize=7.5)


def _bar(tiles: Tiles) -> None:
    """A scale bar below the ids of the last line."""
    inch = tiles.axes.get_xlim()[1] / tiles.width
    below = tiles.size[1] + (ID + 0.06) * inch
    scale_bar(tiles.axes, (0, below), round_length(0.6 * tiles.size[0]))
    for line in tiles.axes.lines:
        line.set_clip_on(False)
    for text in tiles.axes.texts:
        text.set_annotation_clip(False)


def _note_rest(
    figure: Figure, pixel_um: float | None, n: int, hidden: int, place: tuple[float, float]
) -> None:
    parts = [f"{n:,} images"]
    parts += [] if pixel_um else ["no common pixel size: no scale bar"]
    parts += [f"{hidden} more labels not shown"] if hidden else []
    left, top = place
    words = left + (1.4 if pixel_um else 0)
    heading(figure, "; ".join(parts), words, top + 0.03, weight="normal", fontsize=7)


def _topology(figure: Figure, table: pd.DataFrame, top: float) -> None:
    """The table, a line for each statistic, from ``top`` inches on."""
    heads = (f"mean of {table['n'].iloc[0]:,} simulated images", "true", "traced", "error")
    lines = [heads, *(_line(name, row) for name, row in table.iterrows())]
    for i, (name, *numbers) in enumerate(lines):
        style = {"weight": "bold" if i == 0 else "normal", "fontsize": 7}
        y = top + (i + 0.5) * LINE
        heading(figure, name, MARGIN, y, **style)
        for k, number in enumerate(numbers):
            heading(figure, number, 2.6 + k * COLUMN, y, ha="right", **style)


def _line(name: object, row: pd.Series) -> tuple[str, str, str, str]:
    error = "" if np.isnan(row["error"]) else f"{row['error']:+.0%}"
    return statistic_name(str(name)), f"{row['true']:,.1f}", f"{row['traced']:,.1f}", error
