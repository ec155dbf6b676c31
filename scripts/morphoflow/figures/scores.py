"""All models of a dataset compared."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LABEL_COLORS, LIGHT_GREY
from morphoflow.figures.style import in_style, readable, remark

MEASURES = ("balanced_accuracy", "macro_f1", "accuracy")
MEASURE_NAMES = {
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
}
SPLITS = {"test": "test", "leave_one_out": "each from all others"}
AGREEMENT = "_ari"
COLUMNS = 3
KEY = (
    "dot: one seed, line: its 95% interval, upright bar: mean of the seeds, "
    "dashed: the most frequent class"
)


def panels_of(scores: pd.DataFrame) -> list[tuple[str, str, str]]:
    """The panels to draw: split, score and title; classification first, then cluster agreement.

    A score that no run has a value of, as where there are no labels, gets none.
    """
    scores = scores[scores["value"].notna()]
    present = set(zip(scores["split"], scores["score"], strict=True))
    classified = [
        (split, f"knn_{measure}", f"{MEASURE_NAMES[measure]}\n{name}")
        for split, name in SPLITS.items()
        for measure in MEASURES
        if (split, f"knn_{measure}") in present
    ]
    clustered = [
        (split, score, f"ARI{'' if split == 'all' else f', {split}'}\n{_method(score)}")
        for split, score in sorted(present)
        if score.endswith(AGREEMENT)
    ]
    return classified + clustered


def _method(score: str) -> str:
    return readable(score.removesuffix(AGREEMENT))


@in_style
def plot_scores(scores: pd.DataFrame) -> Figure:
    """A dot for each seed with its 95 % interval, a bar for the mean, by model and variant.

    ``scores`` has the columns dataset, model, variant, seed, split, score, value, low, high, n.
    The dashed line is the score of always guessing the most frequent class.
    """
    wanted = panels_of(scores)
    if not wanted:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "no scores: the objects have fewer than two labels")
        return figure
    runs = _ordered_runs(scores, *wanted[0][:2])
    columns = min(COLUMNS, len(wanted))
    rows = math.ceil(len(wanted) / columns)
    figure = Figure(figsize=(7.2, 0.6 + rows * (0.75 + 0.26 * len(runs))), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for panel, (split, score, title) in zip(panels.flat, wanted, strict=False):
        rows_of = scores[(scores["split"] == split) & (scores["score"] == score)]
        baseline = scores[
            (scores["split"] == split) & (scores["score"] == score.replace("knn_", "majority_"))
        ]
        _draw(panel, rows_of, runs, None if score.endswith(AGREEMENT) else baseline["value"])
        panel.set_title(f"{title} (n = {_counts(rows_of['n'])})", loc="left")
    for panel in panels.flat[len(wanted) :]:
        panel.set_axis_off()
    panels[0, 0].set_yticks(range(len(runs)), [_run_name(*run) for run in runs])
    panels[0, 0].set_ylim(len(runs) - 0.4, -0.6)
    figure.supxlabel(KEY, fontsize=7.5)
    return figure


def _ordered_runs(scores: pd.DataFrame, split: str, score: str) -> list[tuple[str, str]]:
    """All models and variants, those with the best mean of a score first."""
    chosen = scores[(scores["split"] == split) & (scores["score"] == score)]
    means = chosen.groupby(["model", "variant"])["value"].mean()
    runs = sorted(set(zip(scores["model"], scores["variant"], strict=True)))
    return sorted(runs, key=lambda run: -np.nan_to_num(means.get(run, np.nan), nan=-np.inf))


def _run_name(model: str, variant: str) -> str:
    return readable(model) if variant == "default" else f"{readable(model)}, {readable(variant)}"


def _counts(n: pd.Series) -> str:
    low, high = int(n.min()), int(n.max())
    return str(low) if low == high else f"{low} to {high}"


def _draw(
    axes: Axes, rows: pd.DataFrame, runs: list[tuple[str, str]], baseline: pd.Series | None
) -> None:
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
    if baseline is not None and baseline.notna().any():
        axes.axvline(baseline.mean(), color=DARK, lw=0.9, ls="--")
    low = float(np.nanmin([0, rows["value"].min(), rows["low"].min()]))
    axes.set_xlim(low - 0.03, 1.03)
    axes.grid(axis="x", color=LIGHT_GREY, lw=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
