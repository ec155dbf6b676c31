"""A gallery of example crops, a row for each label."""

import math
import textwrap

import numpy as np
from matplotlib.figure import Figure

from morphoflow.colors import known_labels, label_colors, sorted_labels
from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import Crops, spaced
from morphoflow.figures.keys import channel_key, channel_key_height
from morphoflow.figures.montage import Tiles, heading, in_rows
from morphoflow.figures.style import in_style, readable

WIDTH, MARGIN, NAMES, GAP = 7.2, 0.1, 1.25, 0.05  # inches
BAR, BETWEEN = 0.25, 0.2  # inches below the crops, and between blocks
# More labels than this stand in two blocks side by side.
MOST_IN_A_BLOCK = 9
ACROSS = {1: 8, 2: 4}
MOST_LABELS = 60
# Few labels have several lines of crops.
LINES = {1: 4, 2: 2, 3: 2}


def example_rows(labels: list, most: int) -> dict[str, np.ndarray]:
    """At most ``most`` objects of each label (n,), evenly spaced in the order of the table."""
    names = np.array(known_labels(labels))
    members = {name: np.flatnonzero(names == name) for name in sorted_labels(labels)}
    return {name: rows[spaced(len(rows), most)] for name, rows in members.items()}


@in_style
def plot_crops(crops: Crops, labels: list) -> Figure:
    """Example crops of each label (n,), all with one contrast, and a scale bar where known.

    Labels beyond the first sixty by name are only counted.
    """
    n_labels = len(sorted_labels(labels))
    columns = 1 if n_labels <= MOST_IN_A_BLOCK else 2
    across = ACROSS[columns]
    chosen = example_rows(labels, across * LINES.get(n_labels, 1))
    chosen = dict(list(chosen.items())[:MOST_LABELS])
    blocks = _blocks(chosen, across, columns)
    width = (WIDTH - 2 * MARGIN - BETWEEN * (columns - 1)) / columns
    side = (width - NAMES + GAP) / across - GAP
    h, w = crops.x.shape[2:]
    tall = (side * h / w + GAP) * max(sum(map(len, block.values())) for block in blocks)
    top = MARGIN + channel_key_height(crops.channels)
    figure = Figure(figsize=(WIDTH, top + tall + BAR + MARGIN))
    channel_key(figure, crops.channels, MARGIN)
    limits = display_limits(crops.take(np.concatenate(list(chosen.values()))))
    for i, block in enumerate(blocks):
        rows = [row for lines in block.values() for row in lines]
        pictures = in_rows([composite(crops.take(row), limits) for row in rows], across)
        left, unit = MARGIN + i * (width + BETWEEN) + NAMES, crops.pixel_size_um or 1.0
        tiles = Tiles(figure, pictures, left=left, top=top, side=side, gap=GAP, unit=unit)
        _name_rows(tiles, {name: len(lines) for name, lines in block.items()}, labels)
        if crops.pixel_size_um and i == 0:
            tiles.bar_below(len(rows) - 1)
    _note_rest(figure, crops.pixel_size_um, n_labels - len(chosen))
    return figure


def _blocks(
    chosen: dict[str, np.ndarray], across: int, columns: int
) -> list[dict[str, list[np.ndarray]]]:
    """The rows chosen of each label in lines of ``across``, the labels in ``columns`` blocks."""
    lines = [
        (name, np.split(rows, range(across, len(rows), across))) for name, rows in chosen.items()
    ]
    most = math.ceil(len(lines) / columns)
    return [dict(lines[i * most : (i + 1) * most]) for i in range(columns)]


def _note_rest(figure: Figure, pixel_size_um: float | None, hidden: int) -> None:
    parts = [] if pixel_size_um else ["no common pixel size: no scale bar"]
    parts += [f"{hidden} more labels not shown"] if hidden else []
    # Right of the scale bar where there is one.
    left, bottom = MARGIN + NAMES + (1 if pixel_size_um else 0), figure.get_figheight() - BAR
    heading(figure, "; ".join(parts), left, bottom, weight="normal", fontsize=7)


def _name_rows(tiles: Tiles, lines: dict[str, int], labels: list) -> None:
    colors, known = label_colors(labels), known_labels(labels)
    row = 0
    for name, count in lines.items():
        words = textwrap.wrap(readable(name), 17)[:3]
        text, style = "\n".join(words), {"color": colors[name], "weight": "bold", "fontsize": 8}
        tiles.left_of(row, f"{text}\n", NAMES, **style)
        tiles.left_of(row, "\n" * len(words) + f"n = {known.count(name):,}", NAMES, fontsize=7.5)
        row += count
