"""Statistics of arbors in several sets of images: real, generated, simulated."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from morphoflow.colors import DARK, LABEL_COLORS
from morphoflow.figures.style import in_style, readable

COLUMNS = 4
SHOLL = "sholl_"
# Dots of a strip, at most.
MOST = 150
UNITS = {"_per_px": "/px", "_per_um": "/µm", "_px2": "px²", "_um2": "µm²", "_px": "px", "_um": "µm"}


def statistic_name(name: str) -> str:
    """The name of an arbor statistic as words, its unit in brackets."""
    for end, unit in UNITS.items():
        if name.endswith(end):
            return f"{statistic_name(name.removesuffix(end))} ({unit})"
    return readable(name).replace("sholl", "Sholl")


@in_style
def plot_arbors(tables: dict[str, pd.DataFrame]) -> Figure:
    """A violin with dots and a median for each set of images and statistic, and Sholl profiles.

    ``tables`` are those of arbor statistics by the name of the set, a row an image; statistics that
    not all of them have, as with other units, are left out. Profiles are means with 95 % of their
    standard error, over circles about the soma of even distance.
    """
    first, *others = tables.values()
    common = [
        name
        for name in first.select_dtypes("number").columns
        if all(name in table for table in others)
    ]
    profile = [name for name in common if name.startswith(SHOLL) and name[-1].isdecimal()]
    statistics = [name for name in common if name not in profile]
    colors = dict(zip(tables, LABEL_COLORS, strict=False))
    panels_in_all = len(statistics) + 2 * bool(profile)
    rows = math.ceil(panels_in_all / COLUMNS)
    figure = Figure(figsize=(7.2, 0.5 + 1.35 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, COLUMNS)
    for i, name in enumerate(statistics):
        axes = figure.add_subplot(grid[divmod(i, COLUMNS)])
        values = {kind: table[name].to_numpy(float) for kind, table in tables.items()}
        _strip(axes, values, colors)
        axes.set_title(statistic_name(name), loc="left", fontsize=7.5)
    if profile:
        wide = COLUMNS - len(statistics) % COLUMNS
        place = grid[-1, -wide:] if 2 <= wide < COLUMNS else grid[-1, :2]
        _profiles(figure.add_subplot(place), tables, profile, colors)
    handles = [
        Line2D(
            [],
            [],
            ls="",
            marker="s",
            ms=6,
            c=colors[kind],
            label=f"{readable(kind)} (n = {len(table)})",
        )
        for kind, table in tables.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _strip(axes: Axes, values: dict[str, np.ndarray], colors: dict[str, str]) -> None:
    for x, (kind, sample) in enumerate(values.items()):
        sample = sample[np.isfinite(sample)]
        if len(sample) == 0:
            continue
        if np.ptp(sample) > 0:
            body = axes.violinplot([sample], [x], widths=0.85, showextrema=False)["bodies"][0]
            body.set(facecolor=colors[kind], alpha=0.3, edgecolor="none")
        dots = sample[np.linspace(0, len(sample) - 1, min(MOST, len(sample))).astype(int)]
        # The golden ratio spreads dots evenly without chance.
        aside = (np.arange(len(dots)) * 0.618034 % 1 - 0.5) * 0.4
        axes.plot(x + aside, dots, ".", color=colors[kind], ms=2.2, mew=0, alpha=0.7)
        axes.hlines(np.median(sample), x - 0.32, x + 0.32, color=DARK, lw=1.2, zorder=3)
    axes.set_xticks([])
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _profiles(
    axes: Axes, tables: dict[str, pd.DataFrame], names: list[str], colors: dict[str, str]
) -> None:
    radius = np.arange(1, len(names) + 1) / len(names)
    for kind, table in tables.items():
        values = table[names].to_numpy(float)
        mean, error = values.mean(axis=0), 1.96 * values.std(axis=0) / math.sqrt(len(values))
        axes.fill_between(radius, mean - error, mean + error, color=colors[kind], alpha=0.25, lw=0)
        axes.plot(radius, mean, color=colors[kind], lw=1.3)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_title("Sholl profile: crossings by radius / half the side", loc="left", fontsize=7.5)
