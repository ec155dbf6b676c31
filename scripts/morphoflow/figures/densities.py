"""Density maps: where the cable of each class lies around the soma, and that of single neurons."""

import textwrap

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from morphoflow.colors import known_labels, label_colors, sorted_labels
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import in_style, readable

PLANES = {"xy": 3, "xz": 2, "yz": 1}
EXAMPLES = 3
MOST_CLASSES = 12
WIDTH, NAMES, SIDE = 7.2, 1.1, 0.96  # inches
# White where there is no cable.
COLORS = ListedColormap([(1, 1, 1, 1), *colormaps["magma_r"](np.linspace(0.05, 0.95, 255))])


def projected(density: np.ndarray, plane: str) -> np.ndarray:
    """Maps (..., x, y, z) summed along the axis that ``plane`` lacks, (..., rows, columns).

    The first axis of the plane runs along the columns, the second upwards along the rows.
    """
    return np.moveaxis(density.sum(axis=PLANES[plane] - 4), -1, -2)


@in_style
def plot_densities(density: np.ndarray, half_um: float, labels: list, splits: list[str]) -> Figure:
    """The mean map of each class in three planes, and three of its neurons in the first.

    ``density`` (n, bins, bins, bins) um of cable per voxel of a cube of ``half_um`` to each side of
    the soma. Each row has colours of its own: as a share of its largest value, as root so that
    sparse cable is seen. Examples are the first of the training split.
    """
    names, colors = np.array(known_labels(labels)), label_colors(labels)
    groups = sorted_labels(labels)[:MOST_CLASSES]
    height = 0.55 + (SIDE + 0.06) * len(groups)
    figure = Figure(figsize=(WIDTH, height))
    columns = [*PLANES, *["example"] * EXAMPLES]
    for row, group in enumerate(groups):
        top = 0.25 + row * (SIDE + 0.06)
        rows = np.flatnonzero(names == group)
        mean = density[rows].mean(axis=0)
        train = rows[np.array(splits)[rows] == "train"][:EXAMPLES]
        maps = [projected(mean, plane) for plane in PLANES]
        maps += [projected(density[i], "xy") for i in train]
        for column, picture in enumerate(maps):
            left = NAMES + column * (SIDE + 0.03) + (0.08 if column >= len(PLANES) else 0)
            place = (left / WIDTH, 1 - (top + SIDE) / height, SIDE / WIDTH, SIDE / height)
            axes = figure.add_axes(place)
            _draw(axes, picture, half_um)
            if row == 0:
                name = columns[column]
                axes.set_title(f"mean, {name}" if name in PLANES else name, pad=3)
            if row == len(groups) - 1 and column == 0:
                length = round_length(half_um)
                scale_bar(axes, (-half_um, -1.08 * half_um), length)
                axes.lines[-1].set_clip_on(False)
                axes.texts[-1].set_annotation_clip(False)
        y = 1 - (top + SIDE / 2) / height
        name = textwrap.fill(readable(group), 14)
        figure.text(0.1 / WIDTH, y, name, color=colors[group], weight="bold", va="bottom")
        figure.text(0.1 / WIDTH, y - 0.03 / height, f"n = {len(rows)}", va="top")
    return figure


def _draw(axes: Axes, picture: np.ndarray, half_um: float) -> None:
    extent = (-half_um, half_um, -half_um, half_um)
    shown = np.sqrt(picture / max(float(picture.max()), 1e-12))
    axes.imshow(shown, cmap=COLORS, origin="lower", extent=extent, vmin=0, vmax=1)
    axes.plot(0, 0, "+", color="#3B8BC4", ms=4, mew=0.8)
    axes.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:])
    axes.spines[["top", "right"]].set_visible(True)
    for spine in axes.spines.values():
        spine.set_linewidth(0.4)
