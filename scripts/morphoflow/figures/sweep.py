"""How the score of a model depends on the settings that a sweep changes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from morphoflow.colors import DARK, GREY, LABEL_COLORS
from morphoflow.figures.style import in_style, readable

SPLITS = {"validation": "none", "test": "full"}
LOG_RANGE = 8
HEIGHT, WIDTH = 2.0, 7.2
# More lines than this in a panel are shown as their mean.
MOST_LINES = 6
NONE = "none"


@in_style
def plot_sweep(table: pd.DataFrame, swept: list[str], choose_by: str) -> Figure:
    """A panel for each dataset (rows) and swept setting (columns): dots for members and seeds.

    ``table`` is that of :func:`morphoflow.analysis.sweep.sweep_table`. Open dots and dashed lines
    are of the validation split, full ones of the test split; rings are around the chosen member.
    Lines join the means over the seeds and the other settings; where there are but two settings,
    there is a line in a colour of its own for each value of the other.
    """
    rows = table[(table["score"] == choose_by) & table["split"].isin(SPLITS)]
    rows = rows.assign(**{name: rows[name].map(_named) for name in swept})
    datasets = sorted(set(rows["dataset"]))
    size = (WIDTH, 0.5 + HEIGHT * len(datasets))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(datasets), len(swept), squeeze=False, sharey="row")
    for number, (line, dataset) in enumerate(zip(panels, datasets, strict=True)):
        part = rows[rows["dataset"] == dataset]
        for axes, name in zip(line, swept, strict=True):
            _draw(axes, part, name, _other(part, name, swept), first=number == 0)
        line[0].set_ylabel(f"{readable(dataset)}\n{readable(choose_by)}")
    figure.supxlabel(
        "open dot, dashed line: validation; full dot, line: test; ring: chosen on validation",
        fontsize=7.5,
    )
    return figure


def _named(value: object) -> object:
    """The value, a name for none at all, and of a path its last part."""
    if value is None or value != value:
        return NONE
    return value.rsplit("/", 1)[-1] if isinstance(value, str) else value


def _other(rows: pd.DataFrame, name: str, swept: list[str]) -> str | None:
    """The one other setting, if there is one and it has few enough values."""
    others = [setting for setting in swept if setting != name]
    fits = len(others) == 1 and rows[others[0]].nunique() <= MOST_LINES
    return others[0] if fits else None


def _draw(axes: Axes, rows: pd.DataFrame, name: str, other: str | None, first: bool) -> None:
    places = dict(zip(_sorted(rows[name]), _places(_sorted(rows[name])), strict=True))
    kinds = _sorted(rows[other]) if other else [None]
    for kind, color in zip(kinds, LABEL_COLORS if other else [DARK], strict=False):
        _draw_lines(axes, rows[rows[other] == kind] if other else rows, name, places, color, other)
    if other and first:
        handles = [
            Line2D([], [], color=color, label=_text(kind))
            for kind, color in zip(kinds, LABEL_COLORS, strict=False)
        ]
        axes.legend(handles=handles, title=readable(other), fontsize=6.5, title_fontsize=6.5)
    axes.set_xlabel(readable(name))
    if _numeric(list(places)):
        axes.set_xscale("log" if _spread(list(places)) else "linear")
    else:
        axes.set_xticks(range(len(places)), [_text(value) for value in places], rotation=20)
    axes.margins(x=0.1, y=0.15)


def _draw_lines(
    axes: Axes, rows: pd.DataFrame, name: str, places: dict, color: str, other: str | None
) -> None:
    for split, filled in SPLITS.items():
        here = rows[rows["split"] == split]
        x = here[name].map(places).to_numpy(dtype=float)
        marks = {"color": color if other else GREY, "fillstyle": filled, "mew": 0.7}
        axes.plot(x, here["value"], "o", ms=3.5, zorder=2, **marks)
        chosen = here["chosen"].to_numpy()
        axes.plot(x[chosen], here["value"][chosen], "o", ms=7, mfc="none", mec=DARK, mew=0.8)
        means = here.groupby(name)["value"].mean()
        line = [means.get(value, np.nan) for value in places]
        style = "-" if filled == "full" else "--"
        axes.plot(list(places.values()), line, style, color=color, lw=0.9, zorder=1)


def _sorted(values: pd.Series) -> list:
    """The distinct values: none first, then numbers by size, then texts."""
    return sorted(set(values), key=lambda value: (value != NONE, isinstance(value, str), value))


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else readable(value)


def _numeric(values: list) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _places(values: list) -> list[float]:
    return [float(value) for value in values] if _numeric(values) else list(range(len(values)))


def _spread(values: list) -> bool:
    """Whether numbers span so many factors that only a logarithmic axis keeps them apart."""
    return min(values) > 0 and max(values) / min(values) >= LOG_RANGE
