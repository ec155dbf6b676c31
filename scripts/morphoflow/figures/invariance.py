"""How far turns and flips of a crop move its embedding."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from morphoflow.colors import DARK, LABEL_COLORS, LIGHT_GREY
from morphoflow.figures.style import in_style, remark

# As far as a default encoder may move an object, as a share of the way to the nearest other one.
BOUND = 0.10
KINDS = {False: ("turned", LABEL_COLORS[0], "o"), True: ("flipped, turned", LABEL_COLORS[1], "s")}
QUARTER = 90


def moved_share(invariance: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of shift over distance to the nearest other object, by flip and angle.

    Columns flip, angle_deg (0 to 360), low, median, high, largest, itself_first (share of the
    objects) and n (objects whose nearest other one is not at the same place; only they count).
    """
    table = invariance[(invariance["nearest"] > 0) & np.isfinite(invariance["nearest"])]
    table = table.assign(
        angle_deg=table["angle_deg"].astype(float) % 360,
        flip=table["flip"].astype(bool),
        share=table["shift"] / table["nearest"],
    )
    quartiles = {
        name: ("share", partial(pd.Series.quantile, q=q))
        for name, q in (("low", 0.25), ("median", 0.5), ("high", 0.75))
    }
    return (
        table.groupby(["flip", "angle_deg"], sort=True)
        .agg(
            **quartiles,
            largest=("share", "max"),
            itself_first=("itself_first", "mean"),
            n=("share", "size"),
        )
        .reset_index()
    )


@in_style
def plot_invariance(invariance: pd.DataFrame) -> Figure:
    """Above, median and quartiles of the shift by angle; below, how often an object is refound.

    ``invariance`` has the columns id, angle_deg, flip, shift, nearest and itself_first.
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    shares = moved_share(invariance)
    if shares.empty:
        remark(figure.subplots(), "too few objects: no other object to compare with")
        return figure
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for flip, rows in shares.groupby("flip"):
        name, color, marker = KINDS[bool(flip)]
        rows = _closed(rows)
        style = {"color": color, "marker": marker, "ms": 3, "lw": 1.2, "label": name}
        top.plot(rows["angle_deg"], rows["median"], **style)
        top.fill_between(rows["angle_deg"], rows["low"], rows["high"], color=color, alpha=0.2, lw=0)
        bottom.plot(rows["angle_deg"], rows["itself_first"], **style)
    _finish(top, bottom, shares)
    return figure


def _closed(rows: pd.DataFrame) -> pd.DataFrame:
    """The row of 0 degrees again at 360, where the angles go all the way round."""
    first, angles = rows[rows["angle_deg"] == 0], rows["angle_deg"].to_numpy()
    if len(rows) < 2 or first.empty or 360 - angles[-1] > np.diff(angles).max():
        return rows
    return pd.concat([rows, first.assign(angle_deg=360.0)])


def headline(shares: pd.DataFrame) -> str:
    """The largest median of :func:`moved_share`, and how exact quarter turns and flips are."""
    worst = shares.loc[shares["median"].idxmax()]
    flipped = ", flipped" if worst["flip"] else ""
    text = f"largest median {worst['median']:.2g} at {worst['angle_deg']:g}°{flipped}"
    exact = shares[shares["angle_deg"] % QUARTER == 0]
    exact = exact[exact["flip"] | (exact["angle_deg"] > 0)]
    if len(exact):
        text += f"; no object above {exact['largest'].max():.1g} at quarter turns"
    return f"{text} (n = {shares['n'].max():,})"


def _finish(top: Axes, bottom: Axes, shares: pd.DataFrame) -> None:
    top.set_title(headline(shares), loc="left")
    top.axhline(BOUND, color=DARK, lw=0.9, ls="--", zorder=1, label=f"{BOUND:.2f}")
    top.set_ylim(0, 1.08 * max(shares["high"].max(), BOUND * 1.1))
    top.set_ylabel("shift / distance to\nnearest other object")
    bottom.set_ylim(min(0.9, shares["itself_first"].min() - 0.05), 1.01)
    bottom.set_ylabel("share nearest\nto itself")
    bottom.set_xlabel("angle (degrees)")
    end = max(QUARTER, *(line.get_xdata().max() for line in bottom.lines))
    bottom.set_xlim(-0.012 * end, 1.012 * end)
    bottom.xaxis.set_major_locator(MultipleLocator(QUARTER / (6 if end <= QUARTER else 2)))
    for axes in (top, bottom):
        for angle in range(0, int(end) + 1, QUARTER):
            axes.axvline(angle, color=LIGHT_GREY, lw=0.8, ls=":", zorder=0)
    top.legend(loc="lower right", bbox_to_anchor=(1, 1.1), ncols=3, borderaxespad=0)
