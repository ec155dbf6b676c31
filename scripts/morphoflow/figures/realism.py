"""How far generated images are from real ones, on the scale of real and of spoilt ones."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from morphoflow.colors import DARK, LIGHT_GREY
from morphoflow.figures.arbors import statistic_name
from morphoflow.figures.style import in_style, readable

COMPARISONS = {
    "generated_held_out": ("generated to held-out", "#0072B2"),
    "generated_train": ("generated to training", "#56B4E9"),
    "simulated_held_out": ("simulated to held-out", "#009E73"),
    "simulated_train": ("simulated to training", "#7FCDBB"),
    "real_real": ("real to real", DARK),
    "real_blurred": ("blurred to real", "#D55E00"),
    "real_noisy": ("noisy to real", "#E69F00"),
}
KINDS = {"arbors": "arbor statistics", "scattering": "scattering"}
NAMES = {
    "wasserstein_mean": "arbor statistics,\nWasserstein / sd",
    "sliced_wasserstein_mean": "image patches,\nsliced Wasserstein",
    "power_spectrum": "power spectrum,\ndifference in dB",
    "kid": "kernel distance (KID)",
    "two_sample_accuracy": "nearest-neighbour test",
}
HEADLINES = (
    "wasserstein_mean",
    "sliced_wasserstein_mean",
    "power_spectrum",
    *(
        f"{measure}_{kind}"
        for measure in ("kid", "two_sample_accuracy", "precision", "recall", "density", "coverage")
        for kind in KINDS
    ),
)
COLUMNS = 3
BEST = {"near 0": 0.0, "near 0.5": 0.5}
SHADE = "#EFEFEF"
# From where on, in sd, differences are drawn on a scale that is logarithmic beyond some of them.
FAR, LINEAR = 12, 3
TICKS = (0, 3, 10, 30, 100, 300, 1000)
KEY = "dot: value, line: 95 % interval, band: real to real, dashed: best where it is in between"


@in_style
def plot_realism(table: pd.DataFrame) -> Figure:
    """A panel a distance, a dot with its interval a comparison; the band is that of real to real.

    ``table`` has the columns metric, comparison, value, low, high, n_a, n_b, better.
    """
    metrics = [metric for metric in HEADLINES if (table["metric"] == metric).any()]
    names = [name for name in COMPARISONS if (table["comparison"] == name).any()]
    rows = math.ceil(len(metrics) / COLUMNS)
    figure = Figure(figsize=(7.2, 0.4 + rows * (0.6 + 0.145 * len(names))), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True)
    for panel, metric in zip(panels.flat, metrics, strict=False):
        mine = table[table["metric"] == metric].set_index("comparison").reindex(names)
        _draw(panel, mine)
        aim = _aim(mine["better"].dropna().iloc[0])
        panel.set_title(f"{_title(metric)}, {aim}", loc="left", fontsize=7.5)
    for panel in panels.flat[len(metrics) :]:
        panel.set_axis_off()
    panels[0, 0].set_yticks(range(len(names)), [COMPARISONS[name][0] for name in names])
    panels[0, 0].set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel(f"{KEY}; {_sizes(table)}", fontsize=7.5)
    return figure


@in_style
def plot_realism_details(table: pd.DataFrame) -> Figure:
    """Each arbor statistic's difference from real images, and each level of the image pyramid."""
    shown = table[table["comparison"].isin([*COMPARISONS])]
    arbors = _family(shown, "difference_")
    levels = _family(shown, "sliced_wasserstein_")
    levels = levels[levels["part"] != "mean"].assign(part=lambda rows: rows["part"].astype(int))
    statistics = list(dict.fromkeys(arbors["part"]))
    sizes = sorted(levels["part"].unique(), reverse=True)
    height = 0.9 + 0.27 * max(len(statistics), 6)
    figure = Figure(figsize=(7.2, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    _strips(left, arbors, statistics, [statistic_name(name) for name in statistics])
    left.axvline(0, color=DARK, lw=0.7)
    words = "mean less that of real images, in sd of training images"
    if arbors[["value", "low", "high"]].abs().max(axis=None) > FAR:
        # A statistic far out would squeeze all others into a line.
        left.set_xscale("symlog", linthresh=LINEAR)
        left.xaxis.set_major_locator(
            FixedLocator([sign * tick for tick in TICKS for sign in (-1, 1)])
        )
        left.xaxis.set_major_formatter("{x:g}")
        words += f"\n(logarithmic beyond {LINEAR} sd)"
    left.set_xlabel(words)
    left.set_title("arbor statistics", loc="left")
    _strips(right, levels, sizes, [f"{size} px" for size in sizes])
    right.set_xlim(left=0)
    right.set_xlabel("sliced Wasserstein distance / sd")
    right.set_title("levels of the pyramid, finest above", loc="left")
    names = [name for name in COMPARISONS if (shown["comparison"] == name).any()]
    handles = [
        Line2D([], [], marker="o", ms=4, lw=0.9, color=color, label=label)
        for label, color in (COMPARISONS[name] for name in names)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(names))
    return figure


def _family(table: pd.DataFrame, start: str) -> pd.DataFrame:
    mine = table[table["metric"].str.startswith(start)]
    return mine.assign(part=mine["metric"].str.removeprefix(start))


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Comparisons of one distance below each other."""
    if "real_real" in rows.index:
        axes.axvspan(*rows.loc["real_real", ["low", "high"]], color=SHADE, lw=0, zorder=0)
    best = BEST.get(rows["better"].dropna().iloc[0])
    if best is not None:
        axes.axvline(best, color=DARK, lw=0.8, ls="--")
    for y, (name, row) in enumerate(rows.iterrows()):
        _dot(axes, y, row, COMPARISONS[name][1])
    axes.grid(axis="x", color=LIGHT_GREY, lw=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _strips(axes: Axes, table: pd.DataFrame, parts: list, names: list[str]) -> None:
    """Parts below each other, their comparisons side by side within each."""
    comparisons = [name for name in COMPARISONS if (table["comparison"] == name).any()]
    offsets = np.linspace(-0.3, 0.3, max(2, len(comparisons)))
    for y, part in enumerate(parts):
        rows = table[table["part"] == part].set_index("comparison")
        if y % 2:
            axes.axhspan(y - 0.5, y + 0.5, color="#F5F5F5", lw=0, zorder=0)
        for offset, name in zip(offsets, comparisons, strict=False):
            if name in rows.index:
                _dot(axes, y + offset, rows.loc[name], COMPARISONS[name][1], size=2.6)
    axes.set_yticks(range(len(parts)), names)
    axes.set_ylim(len(parts) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _dot(axes: Axes, y: float, row: pd.Series, color: str, size: float = 3.8) -> None:
    axes.hlines(y, row["low"], row["high"], color=color, lw=1, alpha=0.6)
    axes.plot(row["value"], y, "o", color=color, ms=size, mec="white", mew=0.3)


def _title(metric: str) -> str:
    if metric in NAMES:
        return NAMES[metric]
    measure, _, kind = metric.rpartition("_")
    return f"{NAMES.get(measure, readable(measure))},\n{KINDS[kind]}"


def _aim(better: str) -> str:
    return {"lower": "low is good", "higher": "high is good"}.get(better, f"{better} is good")


def _sizes(table: pd.DataFrame) -> str:
    return f"{table['n_a'].iloc[0]} by {table['n_b'].iloc[0]} images each"
