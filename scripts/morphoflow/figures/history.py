"""The course of a training."""

import math
import re
import textwrap

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LABEL_COLORS, LIGHT_GREY
from morphoflow.figures.style import in_style, readable, remark
from morphoflow.training.collapse import warning

MOST_COLUMNS = 4

WARNING = "#D55E00"

PARTS = {"train": LABEL_COLORS[0], "validation": LABEL_COLORS[1]}

# Columns of a history by which such a training is known.
ADVERSARIES = {"train_critic", "train_generator"}

LEVEL = re.compile(r"validation_swd_(\d+)")

ADVERSARIAL_COLUMNS = 5

# Levels from coarse to fine, of a map whose lightness says which is which.
FIRST_SHADE, LAST_SHADE = 0.85, 0.15


def metrics_of(history: pd.DataFrame) -> list[str]:
    """The metrics of a history, ``loss`` first, then learning rates last."""
    parts = [
        name.removeprefix(f"{part}_")
        for part in PARTS
        for name in history
        if name.startswith(f"{part}_")
    ]
    rates = [name for name in history if name.startswith("learning_rate")]
    return ["loss", *(name for name in dict.fromkeys(parts) if name != "loss"), *rates]


@in_style
def plot_history(history: pd.DataFrame) -> Figure:
    """Training and validation loss by epoch with the best epoch, and small panels of the rest.

    Two networks trained against each other have a figure of their own.
    """
    if history.empty:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "not trained: the weights are those drawn at the start")
        return figure
    if set(history) >= ADVERSARIES:
        return plot_adversaries(history)
    first, *others = metrics_of(history)
    rows = math.ceil(len(others) / MOST_COLUMNS)
    columns = math.ceil(len(others) / rows) if rows else 1
    figure = Figure(figsize=(7.2, 2.7 + 1.5 * rows), layout="constrained")
    grid = figure.add_gridspec(1 + rows, columns, height_ratios=[2.2] + [1] * rows)
    main = figure.add_subplot(grid[0, :])
    best = history.loc[history["best"], "epoch"]
    draw_metric(main, history, first, best)
    main.set_xlabel("epoch")
    main.set_ylabel("loss")
    main.legend(loc="upper right", bbox_to_anchor=(1, 1.08), ncols=3, borderaxespad=0)
    for i, name in enumerate(others):
        panel = figure.add_subplot(grid[1 + i // columns, i % columns])
        draw_metric(panel, history, name, best)
        panel.set_title(readable(name), loc="left", fontsize=7.5)
    collapse = warning(history)
    if collapse is not None:
        text = "\n".join(textwrap.wrap(collapse, 115))
        figure.suptitle(text, fontsize=7.5, color=WARNING, x=0.02, ha="left")
    return figure


# Lines of a training's metrics by epoch.


def draw_metric(axes: Axes, history: pd.DataFrame, name: str, best: pd.Series) -> None:
    """Draw a metric of training and validation, or a column ``name``, and mark the best epoch."""
    for part, color in PARTS.items():
        if f"{part}_{name}" in history:
            label = {"train": "training", "validation": "validation"}[part]
            draw_line(axes, history, f"{part}_{name}", color=color, label=label)
    if name in history:
        draw_line(axes, history, name, color=DARK)
    mark_best(axes, best)
    arrange(axes, history["epoch"].to_numpy(), wide=name == "loss")


def draw_line(axes: Axes, history: pd.DataFrame, column: str, **style) -> None:
    """Draw a column by epoch, with dots where epochs are few."""
    few = {"marker": "o", "ms": 3} if len(history) <= 20 else {}
    axes.plot(
        history["epoch"].to_numpy(), history[column].to_numpy(), **{"lw": 1.2, **few, **style}
    )


def mark_best(axes: Axes, best: pd.Series) -> None:
    """A dotted line at the last of the ``best`` epochs, if there is one."""
    if len(best):
        last = best.iloc[-1]
        axes.axvline(last, color=DARK, lw=0.8, ls=":", label=f"best epoch ({last})")


def arrange(axes: Axes, epochs: np.ndarray, *, wide: bool) -> None:
    """Set ticks and limits of a panel; a wide one has room for more ticks."""
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=8 if wide else 4)
    axes.yaxis.get_major_locator().set_params(nbins=6 if wide else 4)
    axes.ticklabel_format(axis="y", scilimits=(-2, 4))
    margin = max(0.5, 0.02 * np.ptp(epochs))
    axes.set_xlim(epochs.min() - margin, epochs.max() + margin)


# The course of a training of two networks against each other, which may grow.


def plot_adversaries(history: pd.DataFrame) -> Figure:
    """Distances of generated from validation images by epoch; below, losses and other metrics.

    The sum of both losses says nothing, since one network's gain is the other's loss: it is left
    out. Vertical lines are the epochs at which the images began to be larger, where the history has
    a column ``validation_size``.
    """
    panels = _panels(history)
    rows = -(-len(panels) // ADVERSARIAL_COLUMNS)
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
    levels = {int(match[1]): match[0] for match in map(LEVEL.fullmatch, history) if match}
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
