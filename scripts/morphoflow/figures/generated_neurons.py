"""Generated neurons beside real ones of their class."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import (
    DARK,
    GREY,
    LABEL_COLORS,
    known_labels,
    label_colors,
    sorted_labels,
)
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

PER_LABEL = 5
WIDTH, NAMES, ROW, MARGIN, HEAD = 7.2, 1.2, 1.05, 0.3, 0.25  # inches
GAP = 0.15  # inches between the real and the generated ones
# A median size of generated neurons that is off by this factor is no slight fault any more.
SEVERAL_FOLD = 2.0


def several_fold(scores: pd.DataFrame) -> float | None:
    """The factor by which generated neurons are off in size where it is several-fold, else None.

    ``scores`` are those of how real they are, with a row for each ``score`` and its ``value``.
    """
    fold = float(scores.set_index("score")["value"].get("largest_fold", 0))
    return fold if fold >= SEVERAL_FOLD else None


@in_style
def plot_generated_neurons(
    real: Forest,
    real_labels: list,
    generated: Forest,
    generated_labels: list,
    fold: float | None = None,
) -> Figure:
    """Up to five real and five generated neurons of each label, of one scale a row.

    Those of a label are evenly spaced in rank from least to most cable on both sides, so that
    none is chosen by its looks. All are projected on the two axes along which real ones extend
    most. Where generated ones are off in size by a factor ``fold``, the figure says so.
    """
    groups, colors = sorted_labels(generated_labels), label_colors(real_labels)
    flat = list(longest_axes(real))
    sides = [
        (forest, np.array(known_labels(labels)))
        for forest, labels in ((real, real_labels), (generated, generated_labels))
    ]
    height = len(groups) * ROW + MARGIN + HEAD
    figure = Figure(figsize=(WIDTH, height))
    panel = (WIDTH - NAMES - GAP) / 2
    lefts = (NAMES, NAMES + panel + GAP)
    for name, left in zip(("real, held out", "generated"), lefts, strict=True):
        x, y = (left + panel / 2) / WIDTH, 1 - 0.15 / height
        figure.text(x, y, name, ha="center", va="center", weight="bold")
    for row, group in enumerate(groups):
        bottom = height - HEAD - (row + 1) * ROW
        chosen = [
            forest.select(spaced_by_length(forest, np.flatnonzero(names == group), PER_LABEL))
            for forest, names in sides
            if (names == group).any()
        ]
        cell = max(
            np.ptp(f.neuron(i).xyz[:, flat], axis=0).max() for f in chosen for i in range(f.n)
        )
        for forest, left in zip(chosen, lefts[-len(chosen) :], strict=True):
            at = (left / WIDTH, bottom / height, panel / WIDTH, ROW / height)
            axes = figure.add_axes(at)
            color = colors.get(group, GREY)
            _draw(axes, forest, flat, color, max(float(cell), 1e-9), panel / ROW)
        figure.text(
            0.1 / WIDTH,
            (bottom + ROW / 2) / height,
            textwrap.fill(readable(group), 16),
            color=colors.get(group, GREY),
            weight="bold",
            va="center",
        )
    if fold is not None:
        text = f"not realistic: median size of a class off by a factor of {fold:.2g}"
        place = (1 - 0.1 / WIDTH, 0.1 / height)
        figure.text(*place, text, color=LABEL_COLORS[1], weight="bold", ha="right")
    axis_names = " and ".join(AXES[axis] for axis in flat)
    figure.text(0.1 / WIDTH, 0.1 / height, f"projected on {axis_names}; dot: soma", color=DARK)
    return figure


def _draw(
    axes: Axes, forest: Forest, flat: list[int], color: str, cell: float, aspect: float
) -> None:
    """The neurons in cells side by side, each about its middle; ``cell`` um is the widest one."""
    step = 1.08 * cell
    heavy = len(forest.parent) > MOST_NODES_AS_LINES / 10
    for i in range(forest.n):
        neuron = forest.neuron(i)
        xy = neuron.xyz[:, flat].astype(float)
        placed = xy - (xy.min(axis=0) + xy.max(axis=0)) / 2 + [(i + 0.5) * step, 0]
        axes.plot(
            *tree_lines(placed, neuron.measured_parent).T, color=color, lw=0.5, rasterized=heavy
        )
        axes.plot(*placed[0], "o", color=DARK, ms=2, mew=0)
    wide = PER_LABEL * step
    tall = max(wide / aspect, 1.35 * cell)
    axes.set_xlim(0, tall * aspect)
    axes.set_ylim(-0.6 * tall, 0.4 * tall)
    axes.set_axis_off()
    scale_bar(axes, (0, -0.46 * tall), round_length(0.5 * cell))
