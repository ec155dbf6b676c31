"""How the score of a model depends on the settings that a sweep changes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.figures.style import DARK, GREY, LABEL_COLORS, in_style, readable

SPLITS = {"validation": "none", "test": "full"}
LOG_RANGE = 8
HEIGHT, WIDTH = 2.0, 7.2


@in_style
def plot_sweep(table: pd.DataFrame, swept: list[str], choose_by: str) -> Figure:
    """A panel for each dataset (rows) and swept setting (columns): dots for members and seeds.

    ``table`` is that of :func:`morphoflow.analysis.sweep.sweep_table`. Open dots and the dashed
    line are of the validation split, full ones of the test split; lines join the means over the
    other settings and the seeds.
    """
    rows = table[(table["score"] == choose_by) & table["split"].isin(SPLITS)]
    datasets = sorted(set(rows["dataset"]))
    size = (WIDTH, 0.5 + HEIGHT * len(datasets))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(datasets), len(swept), squeeze=False, sharey="row")
    for line, dataset in zip(panels, datasets, strict=True):
        part = rows[rows["dataset"] == dataset]
        for axes, name in zip(line, swept, strict=True):
            _draw(axes, part, name)
        line[0].set_ylabel(f"{readable(dataset)}\n{readable(choose_by)}")
    figure.supxlabel(
        "open dot, dashed line: validation; full dot, line: test; colour: chosen on validation",
        fontsize=7.5,
    )
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    values = sorted(set(rows[name].dropna()), key=lambda value: (isinstance(value, str), value))
    places = dict(zip(values, _places(values), strict=True))
    x = rows[name].map(places).to_numpy(dtype=float)
    for split, filled in SPLITS.items():
        for chosen in (False, True):
            here = ((rows["split"] == split) & (rows["chosen"] == chosen)).to_numpy()
            color = LABEL_COLORS[1] if chosen else GREY
            marks = {"color": color, "fillstyle": filled, "ms": 4, "mew": 0.8}
            axes.plot(x[here], rows["value"][here], "o", zorder=2 + chosen, **marks)
        means = rows[rows["split"] == split].groupby(name)["value"].mean()
        line = [means.get(value, np.nan) for value in values]
        style = "-" if filled == "full" else "--"
        axes.plot(list(places.values()), line, style, color=DARK, lw=0.9, zorder=1)
    axes.set_xlabel(readable(name))
    if _numeric(values):
        axes.set_xscale("log" if _spread(values) else "linear")
    else:
        axes.set_xticks(range(len(values)), [str(value) for value in values], rotation=20)
    axes.margins(x=0.1, y=0.15)


def _numeric(values: list) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _places(values: list) -> list[float]:
    return [float(value) for value in values] if _numeric(values) else list(range(len(values)))


def _spread(values: list) -> bool:
    """Whether numbers span so many factors that only a logarithmic axis keeps them apart."""
    return min(values) > 0 and max(values) / min(values) >= LOG_RANGE
