"""A gallery of example neurons, a row for each label."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, known_labels, label_colors, sorted_labels
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import in_style, readable
from morphoflow.figures.trees import (
    AXES,
    MOST_NODES_AS_LINES,
    longest_axes,
    spaced_by_length,
    tree_lines,
)
from morphoflow.forest import Forest

PER_LABEL = 6
WIDTH, NAMES, ROW, MARGIN, BAR = 7.2, 1.45, 1.05, 0.3, 0.3  # inches
GAP = 0.06  # of the widest neuron


@in_style
def plot_neurons(forest: Forest, labels: list) -> Figure:
    """Up to six neurons of each label (n,), evenly spaced in rank from least to most cable.

    All are projected on the two axes along which they extend most; one scale a row.
    """
    names, colors = np.array(known_labels(labels)), label_colors(labels)
    groups = sorted_labels(labels)
    chosen = {g: spaced_by_length(forest, np.flatnonzero(names == g), PER_LABEL) for g in groups}
    flat = list(longest_axes(forest))
    height = len(groups) * (ROW + BAR) + MARGIN
    figure = Figure(figsize=(WIDTH, height))
    heavy = forest.n_nodes[np.concatenate(list(chosen.values()))].sum() > MOST_NODES_AS_LINES
    for row, group in enumerate(groups):
        top = height - row * (ROW + BAR)
        axes = figure.add_axes(
            (NAMES / WIDTH, (top - ROW - BAR) / height, 1 - NAMES / WIDTH, (ROW + BAR) / height)
        )
        _draw_row(axes, forest.select(chosen[group]), flat, colors[group], bool(heavy))
        name = textwrap.fill(readable(group), 18)
        n = f"n = {np.count_nonzero(names == group)}"
        figure.text(0.1 / WIDTH, (top - ROW / 2) / height, name, color=colors[group], weight="bold")
        figure.text(0.1 / WIDTH, (top - ROW / 2 - 0.05) / height, n, va="top")
    axis_names = " and ".join(AXES[axis] for axis in flat)
    figure.text(0.1 / WIDTH, 0.1 / height, f"projected on {axis_names}; dot: soma", color=DARK)
    return figure


def _draw_row(axes: Axes, row: Forest, flat: list[int], color: str, rasterized: bool) -> None:
    """The neurons side by side, bottoms aligned, as large as fits, above a scale bar."""
    neurons = [row.neuron(i) for i in range(row.n)]
    trees = [(neuron.xyz[:, flat].astype(float), neuron.measured_parent) for neuron in neurons]
    low = np.array([xy.min(axis=0) for xy, _ in trees])
    size = np.array([np.ptp(xy, axis=0) for xy, _ in trees])
    room = WIDTH - NAMES - 0.15
    gaps, used = max(1, row.n - 1), size[:, 0].sum()
    gap = max(GAP * size.max(), 1e-9)
    unit = max((used + gaps * gap) / room, size[:, 1].max() / (ROW - 0.1), 1e-9)
    gap = min((unit * room - used) / gaps, size[:, 0].max())
    left = np.concatenate([[0], np.cumsum(size[:-1, 0] + gap)])
    for (xy, parent), start, corner, (_, tall) in zip(trees, left, low, size, strict=True):
        middle = (ROW * unit - tall) / 2
        placed = xy - corner + [start, middle]
        axes.plot(*tree_lines(placed, parent).T, color=color, lw=0.6, rasterized=rasterized)
        axes.plot(*placed[0], "o", color=DARK, ms=2.5, mew=0)
    axes.set_xlim(-0.05 * unit, (WIDTH - NAMES - 0.05) * unit)
    axes.set_ylim(-BAR * unit, ROW * unit)
    axes.set_axis_off()
    scale_bar(axes, (0, -0.06 * unit), round_length(0.9 * unit))
