"""The course of a training of two networks against each other, which may grow."""

import re

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.figures.history_lines import arrange, draw_line, mark_best
from morphoflow.figures.style import DARK, LABEL_COLORS, LIGHT_GREY, readable

# Columns of a history by which such a training is known.
ADVERSARIES = {"train_critic", "train_generator"}
LEVEL = re.compile(r"validation_swd_(\d+)")
MOST_COLUMNS = 5
# Levels from coarse to fine, of a map whose lightness says which is which.
FIRST_SHADE, LAST_SHADE = 0.85, 0.15


def plot_adversaries(history: pd.DataFrame) -> Figure:
    """Distances of generated from validation images by epoch; below, losses and other metrics.

    The sum of both losses says nothing, since one network's gain is the other's loss: it is left
    out. Vertical lines are the epochs at which the images began to be larger, where the history has
    a column ``validation_size``.
    """
    panels = _panels(history)
    rows = -(-len(panels) // MOST_COLUMNS)
    columns = -(-len(panels) // rows)
    figure = Figure(figsize=(7.2, 2.9 + 1.5 * rows), layout="constrained")
    grid = figure.add_gridspec(1 + rows, columns, height_ratios=[2.2] + [1] * rows)
    best = history.loc[history["best"], "epoch"]
    main = figure.add_subplot(grid[0, :])
    _draw_distances(main, history, best)
    for i, (title, names) in enumerate(panels.items()):
        panel = figure.add_subplot(grid[1 + i // columns, i % columns])
        _draw_panel(panel, history, names, best)
        panel.set_title(title, loc="left", fontsize=7.5)
    return figure


def growth_epochs(history: pd.DataFrame) -> dict[float, int]:
    """The epochs at which the images of a growing model were first of a new size, by epoch.

    The first size is there too, at the half epoch before the first.
    """
    if "validation_size" not in history:
        return {}
    size, epoch = (history[name].to_numpy() for name in ("validation_size", "epoch"))
    starts = np.flatnonzero(np.diff(size, prepend=np.nan) != 0)
    return {float(epoch[row] - 0.5): int(size[row]) for row in starts}


def _panels(history: pd.DataFrame) -> dict[str, list[str]]:
    """The columns that are drawn together, by title."""
    panels = {"losses": ["train_critic", "train_generator"]}
    rates = [name for name in history if name.startswith("learning_rate")]
    drawn = {"train_loss", "validation_loss", "validation_size", *panels["losses"]}
    for name in history:
        part, _, rest = name.partition("_")
        if part in ("train", "validation") and name not in drawn and not LEVEL.fullmatch(name):
            panels.setdefault(readable(rest), []).append(name)
    return panels | ({"learning rate": rates} if rates else {})


def _draw_distances(axes: Axes, history: pd.DataFrame, best: pd.Series) -> None:
    """The mean distance, and that at each level of the pyramid."""
    draw_line(axes, history, "validation_loss", color=DARK, lw=1.8, label="mean")
    levels = {int(found[1]): found[0] for found in map(LEVEL.fullmatch, history) if found}
    shades = np.linspace(FIRST_SHADE, LAST_SHADE, len(levels))
    for size, shade in zip(sorted(levels), shades, strict=True):
        color = colormaps["viridis"](shade)
        draw_line(axes, history, levels[size], color=color, lw=0.9, label=f"{size} px")
    mark_best(axes, best)
    _mark_growth(axes, history, named=True)
    arrange(axes, history["epoch"].to_numpy(), wide=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel("sliced Wasserstein distance\nto validation images")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.07), ncols=9, borderaxespad=0)


def _draw_panel(axes: Axes, history: pd.DataFrame, columns: list[str], best: pd.Series) -> None:
    """Columns in one panel, with a key where they are several; equal ones are drawn once."""
    distinct = history[columns].T.drop_duplicates().index
    for column, color in zip(distinct, LABEL_COLORS, strict=False):
        color = DARK if len(distinct) == 1 else color
        draw_line(axes, history, column, color=color, label=readable(column.rpartition("_")[2]))
    if len(distinct) > 1:
        axes.legend(fontsize=6, loc="best", handlelength=0.8)
    _mark_growth(axes, history, named=False)
    arrange(axes, history["epoch"].to_numpy(), wide=False)
    if len(best):
        axes.axvline(best.iloc[-1], color=DARK, lw=0.8, ls=":")


def _mark_growth(axes: Axes, history: pd.DataFrame, *, named: bool) -> None:
    for number, (epoch, size) in enumerate(growth_epochs(history).items()):
        if number:
            axes.axvline(epoch, color=LIGHT_GREY, lw=0.8, zorder=0)
        if named:
            place = axes.get_xaxis_transform()
            axes.annotate(
                f"{size} px", (epoch, 1), (2, 1), place, "offset points", fontsize=6.5, va="bottom"
            )
