"""The course of a training."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.figures.style import DARK, LABEL_COLORS, in_style, readable, remark

PARTS = {"train": LABEL_COLORS[0], "validation": LABEL_COLORS[1]}
MOST_COLUMNS = 4


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
    """Training and validation loss by epoch with the best epoch, and small panels of the rest."""
    if history.empty:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "not trained: the weights are those drawn at the start")
        return figure
    first, *others = metrics_of(history)
    rows = math.ceil(len(others) / MOST_COLUMNS)
    columns = math.ceil(len(others) / rows) if rows else 1
    figure = Figure(figsize=(7.2, 2.7 + 1.5 * rows), layout="constrained")
    grid = figure.add_gridspec(1 + rows, columns, height_ratios=[2.2] + [1] * rows)
    main = figure.add_subplot(grid[0, :])
    best = history.loc[history["best"], "epoch"]
    _draw(main, history, first, best)
    main.set_xlabel("epoch")
    main.set_ylabel("loss")
    main.legend(loc="upper right", bbox_to_anchor=(1, 1.08), ncols=3, borderaxespad=0)
    for i, name in enumerate(others):
        panel = figure.add_subplot(grid[1 + i // columns, i % columns])
        _draw(panel, history, name, best)
        panel.set_title(readable(name), loc="left", fontsize=7.5)
    return figure


def _draw(axes: Axes, history: pd.DataFrame, name: str, best: pd.Series) -> None:
    epochs = history["epoch"].to_numpy()
    few = {"marker": "o", "ms": 3} if len(epochs) <= 20 else {}
    for part, color in PARTS.items():
        if f"{part}_{name}" in history:
            values = history[f"{part}_{name}"].to_numpy()
            label = {"train": "training", "validation": "validation"}[part]
            axes.plot(epochs, values, color=color, lw=1.2, label=label, **few)
    if name in history:
        axes.plot(epochs, history[name].to_numpy(), color=DARK, lw=1.2, **few)
    if len(best):
        axes.axvline(
            best.iloc[-1], color=DARK, lw=0.8, ls=":", label=f"best epoch ({best.iloc[-1]})"
        )
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=8 if name == "loss" else 4)
    axes.yaxis.get_major_locator().set_params(nbins=6 if name == "loss" else 4)
    axes.ticklabel_format(axis="y", scilimits=(-2, 4))
    margin = max(0.5, 0.02 * np.ptp(epochs))
    axes.set_xlim(epochs.min() - margin, epochs.max() + margin)
