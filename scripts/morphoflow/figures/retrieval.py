"""Average precision of the objects of each label, against chance."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, GREY, LIGHT_GREY, label_colors, sorted_labels
from morphoflow.figures.style import in_style, readable, remark

# More labels than this do not fit; the worst and best are then the ones to look at.
MOST_LABELS = 24
# More dots than this in a row hide each other.
MOST_DOTS = 200
BOX = (0.05, 0.25, 0.5, 0.75, 0.95)


@in_style
def plot_retrieval(queries: pd.DataFrame, labels: pd.DataFrame) -> Figure:
    """A row for each label: its queries' average precision, their mean, and chance.

    ``queries`` has the columns ``label average_precision``, ``labels`` one row a label with ``n
    mean_average_precision chance corrected_p_value significant``.
    """
    if labels.empty:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "no label has two objects that may be compared")
        return figure
    shown = _shown(labels)
    figure = Figure(figsize=(7.2, 0.85 + 0.27 * len(shown)), layout="constrained")
    axes = figure.subplots()
    colors = label_colors(labels["label"])
    for y, name in enumerate(shown):
        values = queries.loc[queries["label"] == name, "average_precision"].dropna().to_numpy()
        _draw_row(axes, y, np.sort(values), colors[name])
    table = labels.set_index("label").loc[shown]
    axes.plot(table["mean_average_precision"], range(len(shown)), "D", ms=4, c=DARK, mec="white")
    for y, chance in enumerate(table["chance"]):
        axes.vlines(chance, y - 0.42, y + 0.42, color=DARK, lw=1, ls=(0, (2, 1)))
    axes.set_yticks(range(len(shown)), [f"{readable(k)} ({n})" for k, n in table["n"].items()])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("average precision (dashed: chance, diamond: mean, box: quartiles)")
    axes.grid(axis="x", color=LIGHT_GREY, lw=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    _name_values(axes, table)
    axes.set_title(_title(labels, shown), loc="left")
    return figure


def _shown(labels: pd.DataFrame) -> list[str]:
    """All labels by name, or where they are many those of the lowest and highest precision."""
    if len(labels) <= MOST_LABELS:
        return sorted_labels(labels["label"])
    ordered = labels.sort_values(["mean_average_precision", "label"], ascending=False)["label"]
    return [*ordered[: MOST_LABELS // 2], *ordered[-MOST_LABELS // 2 :]]


def _title(labels: pd.DataFrame, shown: list[str]) -> str:
    mean = np.average(labels["mean_average_precision"], weights=labels["n"])
    chance = np.average(labels["chance"], weights=labels["n"])
    text = f"mean average precision {mean:.2f}, by chance {chance:.2f}"
    left = len(labels) - len(shown)
    return text if not left else f"{text} ({left} labels in between not shown)"


def _draw_row(axes: Axes, y: int, values: np.ndarray, color: str) -> None:
    ends = np.quantile(values, BOX)
    if len(values) <= MOST_DOTS:
        # Off the line by turns, so that equal values are seen side by side.
        off = (np.arange(len(values)) * 0.618034 % 1 - 0.5) * 0.5
        axes.plot(values, y + off, "o", ms=2.2, mew=0, color=color, alpha=0.45)
    axes.hlines(y, ends[0], ends[-1], color=color, lw=0.9)
    axes.hlines(y, ends[1], ends[3], color=color, lw=6, alpha=0.45)
    axes.vlines(ends[2], y - 0.17, y + 0.17, color=color, lw=1.4)


def _name_values(axes: Axes, table: pd.DataFrame) -> None:
    """The mean, and the share of queries that are better than chance, to the right of each row."""
    place = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 7}
    columns = {1.06: "mean", 1.14: "p", 1.28: "significant"}
    for x, name in columns.items():
        axes.text(x, -1, name, ha="right", color=GREY, **place)
    for y, (_, row) in enumerate(table.iterrows()):
        mean, p = f"{row['mean_average_precision']:.2f}", f"{row['corrected_p_value']:.1g}"
        for x, text in zip(columns, (mean, p, f"{row['significant']:.0%}"), strict=True):
            axes.text(x, y, text, ha="right", **place)
