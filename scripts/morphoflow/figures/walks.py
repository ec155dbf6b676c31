"""Random walks over the neurons on which they were drawn."""

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LIGHT_GREY, known_labels, sorted_labels
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import color_bar, in_style, readable
from morphoflow.figures.trees import (
    MOST_NODES_AS_LINES,
    longest_axes,
    spaced_by_length,
    tree_lines,
)
from morphoflow.forest import Forest

MOST_NEURONS = 6
# Without the palest yellow, which is hard to see on white.
STEP_COLORS = ListedColormap(colormaps["viridis_r"](np.linspace(0.12, 1, 256)))
# Each piece is an element of its own in an SVG.
MOST_PIECES_AS_LINES = 2000


def walked_neurons(forest: Forest, labels: list) -> np.ndarray:
    """The rows of the neurons to draw: that of median cable for each of the first six labels."""
    names = np.array(known_labels(labels))
    groups = sorted_labels(labels)[:MOST_NEURONS]
    return np.concatenate(
        [spaced_by_length(forest, np.flatnonzero(names == group), 1) for group in groups]
    )


def walk_pieces(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct pieces that walks ``x`` (walks, steps, d) with ``length`` (walks,) nodes cross.

    Returns their two ends (m, 2, d), the step that crosses each, from 1, and how many walks do.
    """
    step = np.broadcast_to(np.arange(1, x.shape[1]), (len(x), x.shape[1] - 1))
    taken = step < length[:, None]
    rows = np.concatenate([step[taken][:, None], x[:, :-1][taken], x[:, 1:][taken]], axis=1)
    distinct, count = np.unique(rows, axis=0, return_counts=True)
    return distinct[:, 1:].reshape(len(distinct), 2, -1), distinct[:, 0].astype(int), count


@in_style
def plot_walks(
    trees: Forest, labels: list, x: np.ndarray, length: np.ndarray, reach: pd.DataFrame
) -> Figure:
    """The ``trees`` with their walks ``x`` (n, walks, steps, 3) um and ``length`` (n, walks).

    A piece is coloured by its step and the thicker, the more walks cross it. ``reach`` (n rows, as
    of :func:`morphoflow.neurons.samples.reach.reach_table`) says how many tips they come to.
    """
    columns = min(3, trees.n)
    rows = math.ceil(trees.n / columns)
    figure = Figure(figsize=(7.2, 0.3 + 2.7 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    flat = list(longest_axes(trees))
    last = max(2, int(length.max()) - 1)
    for i, name in enumerate(known_labels(labels)):
        pieces = _draw(panels[i], trees.neuron(i), flat, x[i], length[i], last)
        title = textwrap.shorten(readable(name), 34, placeholder=" ...")
        identifier = textwrap.fill(trees.ids[i], 34)
        row = reach.iloc[i]
        shares = (
            f"{row['tips_within_reach']:.0%} of the tips within reach,\n"
            f"{row['tips_reached']:.0%} reached"
        )
        panels[i].set_title(f"{title}\n{identifier}\n{shares}")
    for panel in panels[trees.n :]:
        panel.set_axis_off()
    color_bar(figure, pieces, panels, "step of the walk")
    figure.supxlabel(f"{x.shape[1]} walks of at most {x.shape[2]} nodes from each soma", fontsize=8)
    return figure


def _draw(
    axes: Axes, tree: Forest, flat: list[int], x: np.ndarray, length: np.ndarray, last: int
) -> LineCollection:
    xy = tree.xyz[:, flat].astype(float)
    heavy = tree.n_nodes[0] * MOST_NEURONS > MOST_NODES_AS_LINES
    axes.plot(
        *tree_lines(xy, tree.measured_parent).T, color=LIGHT_GREY, lw=0.8, rasterized=bool(heavy)
    )
    ends, step, count = walk_pieces(x, length)
    order = np.argsort(-step, kind="stable")
    pieces = LineCollection(
        ends[order][:, :, flat],
        array=step[order],
        cmap=STEP_COLORS,
        linewidths=0.7 + 1.8 * np.sqrt(count[order] / len(x)),
        capstyle="round",
        rasterized=len(ends) > MOST_PIECES_AS_LINES,
    )
    pieces.set_clim(1, last)
    axes.add_collection(pieces)
    axes.plot(*xy[0], "o", color=DARK, ms=4, mew=0, zorder=3)
    low, size = xy.min(axis=0), np.ptp(xy, axis=0)
    side = max(size.max(), 1e-6)
    scale_bar(axes, (low[0], low[1] - 0.08 * side), round_length(0.25 * side))
    middle = low[0] + size[0] / 2
    axes.set_xlim(middle - 0.55 * side, middle + 0.55 * side)
    axes.set_ylim(low[1] - 0.2 * side, low[1] + size[1] + 0.03 * side)
    axes.set_aspect("equal", adjustable="box", anchor="N")
    axes.set_axis_off()
    return pieces
