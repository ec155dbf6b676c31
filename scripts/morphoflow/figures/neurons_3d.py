"""Example neurons in space: one of each label, seen from the side and above."""

import math
import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LIGHT_GREY, known_labels, label_colors, sorted_labels
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import in_style, readable
from morphoflow.figures.trees import spaced_by_length
from morphoflow.forest import Forest

MOST_NEURONS = 12
COLUMNS = 4
AZIMUTH, ELEVATION = np.radians(35), np.radians(25)
# How much of the label's colour the furthest pieces keep, and how thin they are.
FAR = 0.3
NEAR_WIDTH, FAR_WIDTH = 1.1, 0.45
# Each piece is an element of its own in an SVG.
MOST_PIECES_AS_LINES = 4000
EDGES = [(a, b) for a in range(8) for b in range(a) if (a ^ b).bit_count() == 1]


def seen(xyz: np.ndarray) -> np.ndarray:
    """Places (n, 3) as seen from the side and above: right, up and towards the viewer, (n, 3).

    z points up; a parallel projection, turned by 35 degrees about z and tilted by 25.
    """
    right = np.array([np.cos(AZIMUTH), np.sin(AZIMUTH), 0])
    away = np.array([-np.sin(AZIMUTH), np.cos(AZIMUTH), 0])
    up = np.array([0, 0, 1]) * np.cos(ELEVATION) + away * np.sin(ELEVATION)
    return xyz @ np.column_stack([right, up, np.cross(right, up)])


@in_style
def plot_neurons_3d(forest: Forest, labels: list) -> Figure:
    """The neuron of median cable for each of up to twelve labels, in a box of its extent.

    What is near is drawn darker, thicker and in front. Each panel has a scale of its own.
    """
    names, colors = np.array(known_labels(labels)), label_colors(labels)
    groups = sorted_labels(labels)[:MOST_NEURONS]
    columns = min(COLUMNS, len(groups))
    rows = math.ceil(len(groups) / columns)
    figure = Figure(figsize=(7.2, 0.3 + 7.2 / columns * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, group in zip(panels, groups, strict=False):
        (row,) = spaced_by_length(forest, np.flatnonzero(names == group), 1)
        _draw(axes, forest.neuron(row), colors[group])
        title = textwrap.shorten(readable(group), 30, placeholder=" ...")
        axes.set_title(f"{title}\n{textwrap.fill(forest.ids[row], 30)}")
    for axes in panels[len(groups) :]:
        axes.set_axis_off()
    figure.supxlabel("dot: soma; corner: directions of x, y and z", fontsize=7.5)
    return figure


def _draw(axes: Axes, tree: Forest, color: str) -> None:
    xyz = tree.xyz.astype(float)
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    place = seen(xyz)
    parent = tree.measured_parent
    child = np.flatnonzero(parent >= 0)
    ends = place[np.column_stack([parent[child], child])]
    depth = ends[:, :, 2].mean(axis=1)
    order = np.argsort(depth, kind="stable")
    near = (depth[order] - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    share = (FAR + (1 - FAR) * near)[:, None]
    pieces = LineCollection(
        ends[order][:, :, :2],
        colors=share * np.array(to_rgb(color)) + (1 - share),
        linewidths=FAR_WIDTH + (NEAR_WIDTH - FAR_WIDTH) * near,
        capstyle="round",
        rasterized=len(child) > MOST_PIECES_AS_LINES,
        zorder=2,
    )
    corners = low + (high - low) * (np.arange(8)[:, None] >> np.arange(3) & 1)
    box = seen(corners)[:, :2]
    axes.add_collection(LineCollection(box[EDGES], colors=LIGHT_GREY, linewidths=0.5, zorder=1))
    axes.add_collection(pieces)
    axes.plot(*place[0, :2], "o", color=DARK, ms=3.5, mew=0, zorder=3)
    _finish(axes, box)


def _finish(axes: Axes, box: np.ndarray) -> None:
    """Limits around the box, a scale bar and the directions of the axes below it."""
    low, size = box.min(axis=0), np.ptp(box, axis=0)
    side = max(float(size.max()), 1e-6)
    start = low - [0, 0.1 * side]
    scale_bar(axes, (start[0], start[1]), round_length(0.3 * side))
    corner = np.array([low[0] + size[0] - 0.12 * side, start[1] - 0.08 * side])
    for name, tip in zip("xyz", seen(np.eye(3))[:, :2] * 0.12 * side, strict=True):
        axes.annotate(
            "", corner + tip, corner, arrowprops={"arrowstyle": "-", "color": DARK, "lw": 0.7}
        )
        axes.text(*(corner + 1.35 * tip), name, fontsize=6, ha="center", va="center")
    middle = low[0] + size[0] / 2
    axes.set_xlim(middle - 0.54 * side, middle + 0.6 * side)
    axes.set_ylim(low[1] - 0.3 * side, low[1] + size[1] + 0.03 * side)
    axes.set_aspect("equal", adjustable="box", anchor="N")
    axes.set_axis_off()
