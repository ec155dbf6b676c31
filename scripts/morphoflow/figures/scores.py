"""All models of a dataset compared."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LABEL_COLORS, LIGHT_GREY
from morphoflow.figures.style import in_style, readable, remark
from morphoflow.tables import RECOMMENDED

COLUMNS = 3
KEY = (
    "dot: one seed, line: its 95% interval, upright bar: mean of the seeds, "
    "dashed: the most frequent class, or chance"
)
ARI, STABILITY = f"{RECOMMENDED}_ari", f"{RECOMMENDED}_stability"


@dataclass(frozen=True)
class Panel:
    """A score of a split with its title, and the score that is drawn as a dashed line."""

    split: str
    score: str
    title: str
    beside: str = ""


CROSS_VALIDATED = "balanced accuracy\ncross-validation, {}"
MAJORITY = "majority_balanced_accuracy"


def _cross_validated(name: str, shown: str) -> Panel:
    title = CROSS_VALIDATED.format(shown)
    return Panel("cross_validation", f"{name}_balanced_accuracy", title, MAJORITY)


PANELS = (
    _cross_validated("logistic", "logistic"),
    Panel("cross_validation", "logistic_auc", "area under the curve\ncross-validation, logistic"),
    _cross_validated("joined", "with features"),
    _cross_validated("knn", "k-NN"),
    _cross_validated("forest", "forest"),
    Panel(
        "fixed_split",
        "logistic_balanced_accuracy",
        "balanced accuracy\ntest split, logistic",
        MAJORITY,
    ),
    Panel("all", "retrieval_map", "retrieval\nmean average precision", "retrieval_chance"),
    Panel("test", "invariance_shift", "moved by turns\nof the way to the next object"),
)


def panels_of(scores: pd.DataFrame) -> list[Panel]:
    """The panels to draw: cross-validation first, then retrieval, invariance and clusters.

    Of clusters, those of the method that is recommended for a run are shown. A score that no
    run has a value of, as where there are no labels, gets none.
    """
    scores = scores[scores["value"].notna()]
    present = set(zip(scores["split"], scores["score"], strict=True))
    return [panel for panel in PANELS if (panel.split, panel.score) in present] + _of_clusters(
        scores
    )


def _of_clusters(scores: pd.DataFrame) -> list[Panel]:
    """The agreement with labels of each run's recommended clusters, and their stability."""
    splits = sorted(set(scores.loc[scores["score"] == ARI, "split"]))
    agreement = [
        Panel(split, ARI, f"ARI{'' if split == 'all' else f', {split}'}\nrecommended clusters")
        for split in splits
    ]
    stable = STABILITY in set(scores["score"])
    return agreement + [Panel("all", STABILITY, "stability\nrecommended clusters")] * stable


@in_style
def plot_scores(scores: pd.DataFrame) -> Figure:
    """A dot for each seed with its 95 % interval, a bar for the mean, by model and variant.

    ``scores`` has the columns dataset, model, variant, seed, split, score, value, low, high, n.
    The dashed line is the score of always guessing the most frequent class, or that of chance.
    """
    wanted = panels_of(scores)
    if not wanted:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "no scores: there are too few objects")
        return figure
    runs = _ordered_runs(scores, wanted[0])
    columns = min(COLUMNS, len(wanted))
    rows = math.ceil(len(wanted) / columns)
    figure = Figure(figsize=(7.2, 0.6 + rows * (0.75 + 0.26 * len(runs))), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, panel in zip(panels.flat, wanted, strict=False):
        mine = _rows(scores, panel.split, panel.score)
        _draw(axes, mine, runs, _rows(scores, panel.split, panel.beside)["value"])
        what, _, how = panel.title.partition("\n")
        axes.set_title(f"{what} (n = {_counts(mine['n'])})\n{how}", loc="left")
    for axes in panels.flat[len(wanted) :]:
        axes.set_axis_off()
    panels[0, 0].set_yticks(range(len(runs)), [_run_name(*run) for run in runs])
    panels[0, 0].set_ylim(len(runs) - 0.4, -0.6)
    figure.supxlabel(KEY, fontsize=7.5)
    return figure


def _rows(scores: pd.DataFrame, split: str, score: str) -> pd.DataFrame:
    return scores[(scores["split"] == split) & (scores["score"] == score)]


def _ordered_runs(scores: pd.DataFrame, panel: Panel) -> list[tuple[str, str]]:
    """All models and variants, those with the best mean in a panel first."""
    means = _rows(scores, panel.split, panel.score).groupby(["model", "variant"])["value"].mean()
    runs = sorted(set(zip(scores["model"], scores["variant"], strict=True)))
    return sorted(runs, key=lambda run: -np.nan_to_num(means.get(run, np.nan), nan=-np.inf))


def _run_name(model: str, variant: str) -> str:
    return readable(model) if variant == "default" else f"{readable(model)}, {readable(variant)}"


def _counts(n: pd.Series) -> str:
    low, high = int(n.min()), int(n.max())
    return str(low) if low == high else f"{low} to {high}"


def _draw(axes: Axes, rows: pd.DataFrame, runs: list[tuple[str, str]], baseline: pd.Series) -> None:
    models = sorted({model for model, _ in runs})
    for y, (model, variant) in enumerate(runs):
        mine = rows[(rows["model"] == model) & (rows["variant"] == variant)]
        mine = mine.dropna(subset="value").sort_values("seed")
        at = y + (np.arange(len(mine)) - (len(mine) - 1) / 2) * min(0.16, 0.6 / max(1, len(mine)))
        color = LABEL_COLORS[models.index(model) % len(LABEL_COLORS)]
        axes.hlines(at, mine["low"], mine["high"], color=color, lw=0.9, alpha=0.55)
        axes.plot(mine["value"], at, "o", color=color, ms=3.5, mec="white", mew=0.4)
        if len(mine) > 1:
            axes.vlines(mine["value"].mean(), y - 0.36, y + 0.36, color=DARK, lw=1.4)
    if baseline.notna().any():
        axes.axvline(baseline.mean(), color=DARK, lw=0.9, ls="--")
    low = float(np.nanmin([0, rows["value"].min(), rows["low"].min()]))
    high = float(np.nanmax([1, rows["value"].max(), rows["high"].max()]))
    axes.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    axes.grid(axis="x", color=LIGHT_GREY, lw=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
