"""How well several classifiers predict the labels from one embedding."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LABEL_COLORS, LIGHT_GREY
from morphoflow.figures.style import in_style, remark

CLASSIFIERS = {
    "knn": "k-NN",
    "logistic": "logistic regression",
    "forest": "random forest",
    "fused": "weighted models",
}
MEASURES = {
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "accuracy": "accuracy",
}
SPLITS = {"cross_validation": "cross-validation", "fixed_split": "test split"}
BASELINE = "majority"


@in_style
def plot_cross_validation(scores: pd.DataFrame) -> Figure:
    """A panel for each measure: a dot for each classifier and split, with its 95 % interval.

    ``scores`` is the score table of one run. Of several combined models a classifier weighs each by
    what the objects that it learns from show. Dots of the cross-validation are filled and have a
    thick bar of one standard deviation of the repeats to either side; those of the test split are
    open. Dashed is always guessing the most frequent class.
    """
    known = scores.dropna(subset="value").set_index(["split", "score"])
    splits = [name for name in SPLITS if (name, f"{BASELINE}_accuracy") in known.index]
    names = [name for name in CLASSIFIERS if scores["score"].eq(f"{name}_accuracy").any()]
    figure = Figure(figsize=(7.2, 0.95 + 0.24 * len(names) * max(1, len(splits))))
    figure.set_layout_engine("constrained")
    if not splits:
        remark(figure.subplots(), "no scores: there are not enough objects with different labels")
        return figure
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    for panel, (measure, title) in zip(panels, MEASURES.items(), strict=True):
        for number, split in enumerate(splits):
            offset = (number - (len(splits) - 1) / 2) * 0.3
            _draw(panel, known.loc[split], names, split, measure, offset)
        panel.set_title(title, loc="left")
        panel.set_xlim(-0.03, 1.03)
        panel.grid(axis="x", color=LIGHT_GREY, lw=0.4)
        panel.set_axisbelow(True)
        panel.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(names)), [CLASSIFIERS[name] for name in names])
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel(_key(known, splits), fontsize=7.5)
    return figure


def _draw(
    axes: Axes, scores: pd.DataFrame, names: list[str], split: str, measure: str, offset: float
) -> None:
    filled = split == "cross_validation"
    for place, name in enumerate(names):
        row, y, color = scores.loc[f"{name}_{measure}"], place + offset, LABEL_COLORS[place]
        axes.hlines(y, row["low"], row["high"], color=color, lw=0.9)
        if f"{name}_{measure}_sd" in scores.index:
            spread = scores.loc[f"{name}_{measure}_sd", "value"]
            axes.hlines(y, row["value"] - spread, row["value"] + spread, color=color, lw=3.2)
        axes.plot(row["value"], y, "o", ms=4, mfc=color if filled else "white", mec=color, mew=1)
    # Over the rows of its split alone, since the two have other objects.
    level = scores.loc[f"{BASELINE}_{measure}", "value"]
    axes.axvline(level, color=DARK, lw=0.9, ls="--" if filled else ":")


def _key(known: pd.DataFrame, splits: list[str]) -> str:
    marks = {"cross_validation": ("filled", "dashed"), "fixed_split": ("open", "dotted")}
    dots, lines = [], []
    for split in splits:
        n = int(known.loc[(split, f"{BASELINE}_accuracy"), "n"])
        dots.append(f"{marks[split][0]}: {SPLITS[split]} (n = {n:,})")
        lines.append(marks[split][1])
    spread = ", thick: sd of the repeats" if "cross_validation" in splits else ""
    return (
        f"{', '.join(dots)}; line: 95% interval{spread}\n"
        f"{' and '.join(lines)}: the most frequent class"
    )
