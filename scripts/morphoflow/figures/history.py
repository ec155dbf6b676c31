"""The course of a training."""

import math

import pandas as pd
from matplotlib.figure import Figure

from morphoflow.figures.history_adversarial import ADVERSARIES, plot_adversaries
from morphoflow.figures.history_lines import PARTS, draw_metric
from morphoflow.figures.style import in_style, readable, remark

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
    return figure
