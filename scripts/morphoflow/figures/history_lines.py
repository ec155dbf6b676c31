"""Lines of a training's metrics by epoch."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from morphoflow.figures.style import DARK, LABEL_COLORS

PARTS = {"train": LABEL_COLORS[0], "validation": LABEL_COLORS[1]}


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
