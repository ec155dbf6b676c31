"""How often prealignment changes under noise, and for which shapes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter

from morphoflow.colors import DARK, GREY
from morphoflow.figures.style import in_style

CURVES = {
    "changed": ("either", DARK),
    "axis_changed": ("axis more than 45° off", "#0072B2"),
    "flip_changed": ("mirrored or upside down", "#D55E00"),
}
# Objects in a bin of elongation, at least, and bins at most.
BIN, BINS = 10, 8


def binned(elongation: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median elongation and mean share (bins,) of equal numbers of objects, by elongation."""
    n_bins = int(np.clip(len(elongation) // BIN, 1, BINS))
    parts = np.array_split(np.argsort(elongation, kind="stable"), n_bins)
    return (
        np.array([np.median(elongation[rows]) for rows in parts]),
        np.array([share[rows].mean() for rows in parts]),
    )


@in_style
def plot_stability(table: pd.DataFrame) -> Figure:
    """Shares of noisy copies whose prealignment changed: their distribution, and by elongation.

    ``table`` is that of prealigned crops, with the columns of CURVES and ``elongation``.
    """
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _distribution(left, table)
    _by_elongation(right, table)
    return figure


def _distribution(axes: Axes, table: pd.DataFrame) -> None:
    for column, (name, color) in CURVES.items():
        mean = table[column].mean()
        axes.ecdf(table[column], color=color, label=f"{name} (mean {mean:.0%})")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("share of noisy copies that change")
    axes.set_ylabel("share of objects, at most so often")
    axes.set_title(f"prealignment of {len(table)} objects under noise", loc="left")
    axes.legend(loc="lower right")


def _by_elongation(axes: Axes, table: pd.DataFrame) -> None:
    elongation = table["elongation"].to_numpy()
    axes.scatter(elongation, table["changed"], s=6, color=GREY, alpha=0.5, linewidths=0)
    for column, (_, color) in CURVES.items():
        axes.plot(*binned(elongation, table[column].to_numpy()), "o-", color=color, ms=3, lw=1.2)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("elongation (major to minor axis)")
    axes.set_ylabel("share of noisy copies that change")
    axes.set_title("lines: mean of bins of equal numbers of objects", loc="left")
