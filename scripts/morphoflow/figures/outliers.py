"""The scores by which objects are outliers, and the objects that are furthest out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, GREY, LABEL_COLORS
from morphoflow.figures.style import in_style

SCORES = {
    "distance": "distance to neighbours",
    "log_density": "log density per dimension",
}
SPLITS = {"train": LABEL_COLORS[0], "validation": LABEL_COLORS[5], "test": LABEL_COLORS[2]}
RED = LABEL_COLORS[1]
LISTED = 10
LONGEST_ID = 30
MOST_BINS = 40


@in_style
def plot_outliers(outliers: pd.DataFrame, splits: list[str]) -> Figure:
    """For each score its distribution by split, and the ids of the objects furthest out.

    ``outliers`` (n rows) has ``id distance distance_tail_p log_density log_density_tail_p outlier``
    and the threshold of each score in its attrs; ``splits`` (n,) are those of its rows.
    """
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    panels = figure.subplots(len(SCORES), 2, width_ratios=(3, 2.4))
    thresholds = outliers.attrs["thresholds"]
    for row, (name, title) in zip(panels, SCORES.items(), strict=True):
        _draw_distribution(row[0], outliers, np.array(splits), name, thresholds[name])
        row[0].set_xlabel(title)
        row[0].set_ylabel("share of the split")
        _list_objects(row[1], outliers, name)
    # Below the panels, where it can lie over no distribution and no threshold.
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=4)
    flagged = int(outliers["outlier"].sum())
    text = f"{flagged:,} of {len(outliers):,} objects are outliers by either score"
    panels[0, 0].set_title(text, loc="left")
    return figure


def furthest_out(outliers: pd.DataFrame, score: str) -> pd.DataFrame:
    """The ten rows of the largest distance, or of the smallest density; ties by id."""
    ordered = outliers.sort_values([score, "id"], ascending=[score != "distance", True])
    return ordered.head(LISTED)


def _draw_distribution(
    axes: Axes, outliers: pd.DataFrame, splits: np.ndarray, name: str, threshold: float | None
) -> None:
    values = outliers[name].to_numpy(dtype=float)
    edges = np.histogram_bin_edges(values, int(np.clip(2 * len(values) ** 0.5, 8, MOST_BINS)))
    for split, color in SPLITS.items():
        mine = values[splits == split]
        if len(mine):
            share = np.histogram(mine, edges)[0] / len(mine)
            label = f"{split} (n = {len(mine):,})"
            axes.stairs(share, edges, color=color, lw=1.1, label=label)
    flagged = values[outliers["outlier"].to_numpy(dtype=bool)]
    below = axes.get_xaxis_transform()
    axes.plot(flagged, np.full(len(flagged), 0.03), "|", c=RED, ms=7, mew=1, transform=below)
    if threshold is not None:
        axes.axvline(threshold, color=RED, lw=0.9, ls="--", label="threshold")
    axes.set_ylim(0, None)


def _list_objects(axes: Axes, outliers: pd.DataFrame, name: str) -> None:
    axes.set_axis_off()
    _row(axes, 1.05, "furthest out", "score", "p", GREY)
    rows = furthest_out(outliers, name)
    columns = zip(rows["id"], rows[name], rows[f"{name}_tail_p"], rows["outlier"], strict=True)
    for y, (identifier, value, p, flagged) in zip(
        np.linspace(0.95, 0, LISTED), columns, strict=False
    ):
        color = RED if flagged else DARK
        _row(axes, y, _short(identifier), f"{value:.3g}", f"{p:.1g}", color)


def _row(axes: Axes, y: float, identifier: str, value: str, p: str, color: str) -> None:
    for x, text, side in ((0, identifier, "left"), (0.82, value, "right"), (1, p, "right")):
        made = axes.text(x, y, text, color=color, ha=side, va="center", fontsize=7)
        # The list may not take room from the distributions.
        made.set_in_layout(False)


def _short(identifier: str) -> str:
    """An id that fits its column: the end of a long one, which tells objects apart."""
    text = str(identifier)
    return text if len(text) <= LONGEST_ID else f"…{text[-LONGEST_ID + 1 :]}"
