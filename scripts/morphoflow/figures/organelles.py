"""Example organelles of every class: a slice of the EM through each, and its surface."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from morphoflow.colors import known_labels, label_colors, sorted_labels
from morphoflow.figures.crop_rows import spaced
from morphoflow.figures.montage import Tiles, in_rows
from morphoflow.figures.scale import round_length
from morphoflow.figures.style import in_style, readable

WIDTH, MARGIN, NAMES, GAP = 7.2, 0.1, 1.25, 0.04  # inches
ACROSS, MOST_LABELS = 9, 12
BETWEEN = 0.1  # inches between classes
NM_PER_UM = 1000


@dataclass(frozen=True)
class Examples:
    """Pictures of organelles (m, s, s) in 0..1, with pixels of ``nm`` (m,)."""

    slices: np.ndarray
    surfaces: np.ndarray
    nm: np.ndarray


def widest_slices(volumes: np.ndarray) -> np.ndarray:
    """The EM (m, s, s) in 0..1 of the z slice in which each object's mask is largest.

    ``volumes`` (m, 2, s, s, s) hold EM and mask as bytes; the mask is shown where none has EM.
    """
    areas = volumes[:, 1].sum(axis=(2, 3), dtype=np.int64)
    shown = 0 if volumes[:, 0].any() else 1
    return volumes[np.arange(len(volumes)), shown, areas.argmax(axis=1)] / np.float32(255)


def example_rows(labels: list) -> dict[str, np.ndarray]:
    """Some objects of each class (n,), evenly spaced in the order of the table."""
    names = np.array(known_labels(labels))
    members = {name: np.flatnonzero(names == name) for name in sorted_labels(labels)[:MOST_LABELS]}
    return {name: rows[spaced(len(rows), ACROSS)] for name, rows in members.items()}


@in_style
def plot_organelles(examples: Examples, labels: list, all_labels: list) -> Figure:
    """A block for each class: EM slices, each with a scale bar of its own, over surfaces.

    ``labels`` (m,) are those of the examples, ``all_labels`` those of the dataset.
    """
    side = (WIDTH - 2 * MARGIN - NAMES + GAP) / ACROSS - GAP
    known, colors = np.array(known_labels(labels)), label_colors(all_labels)
    names = [name for name in sorted_labels(all_labels) if name in known]
    tall = 2 * (side + GAP) + BETWEEN
    figure = Figure(figsize=(WIDTH, 2 * MARGIN + len(names) * tall))
    for i, name in enumerate(names):
        rows = np.flatnonzero(known == name)
        stacks = [_grey(stack[rows]) for stack in (examples.slices, examples.surfaces)]
        tiles = Tiles(
            figure,
            in_rows(stacks, ACROSS),
            left=MARGIN + NAMES,
            top=MARGIN + i * tall,
            side=side,
            gap=GAP,
        )
        count = known_labels(all_labels).count(name)
        style = {"color": colors[name], "weight": "bold", "fontsize": 8}
        tiles.left_of(0, readable(name), NAMES, **style)
        tiles.left_of(1, f"n = {count:,}", NAMES, fontsize=7.5)
        for column, row in enumerate(rows):
            _bar(tiles, column, float(examples.nm[row]))
    return figure


def _grey(pictures: np.ndarray) -> np.ndarray:
    return np.repeat(pictures[..., None], 3, axis=-1)


def _bar(tiles: Tiles, column: int, nm: float) -> None:
    """A white bar of a round length within the EM slice of a column, with its length."""
    across = tiles.size[0]
    length = round_length(0.45 * across * nm)
    x, y = tiles.corner(0, column) + across * np.array([0.06, 0.93])
    tiles.axes.plot([x, x + length / nm], [y, y], color="white", lw=1.5, solid_capstyle="butt")
    text = f"{length:g} nm" if length < NM_PER_UM else f"{length / NM_PER_UM:g} µm"
    tiles.axes.text(x, y - 0.04 * across, text, color="white", fontsize=5, va="bottom")
