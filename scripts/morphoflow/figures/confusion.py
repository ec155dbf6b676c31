"""Which classes are taken for one another."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.colors import sorted_labels
from morphoflow.figures.heatmap import draw_heatmap
from morphoflow.figures.style import color_bar, in_style, readable, remark

SPLITS = ("test", "leave_one_out", "validation")
TITLES = {"leave_one_out": "each from all others", "test": "test", "validation": "validation"}


def confusion_counts(confusion: pd.DataFrame, split: str, classes: list[str]) -> np.ndarray:
    """The counts (c, c), true class by predicted class, of one split."""
    rows = confusion[confusion["split"] == split]
    table = rows.pivot_table(index="true", columns="predicted", values="n", aggfunc="sum")
    table = table.reindex(index=classes, columns=classes).fillna(0)
    return table.to_numpy().astype(int)


@in_style
def plot_confusion(confusion: pd.DataFrame) -> Figure:
    """A panel for each split of a table with the columns split, true, predicted and n."""
    present = set(confusion["split"])
    splits = [name for name in SPLITS if name in present] + sorted(present - set(SPLITS))
    if not splits:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "fewer than two classes: nothing to tell apart")
        return figure
    classes = sorted_labels([*confusion["true"], *confusion["predicted"]])
    side = min(max(1.45, 0.22 * len(classes)), 4.2)
    columns = min(len(splits), 3 if side < 2 else 2)
    rows = -(-len(splits) // columns)
    names = 0.07 * max(len(readable(name)) for name in classes)
    size = (1.1 + names + columns * (side + 0.15), 0.1 + rows * (side + names + 0.6))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for panel, split in zip(panels, splits, strict=False):
        counts = confusion_counts(confusion, split, classes)
        image = draw_heatmap(panel, counts, classes, classes, turned=True)
        panel.set_box_aspect(1)
        seen = counts.sum(axis=1) > 0
        recall = (np.diag(counts)[seen] / counts.sum(axis=1)[seen]).mean()
        title = TITLES.get(split, readable(split))
        panel.set_title(f"{title} (n = {counts.sum()})\nbalanced accuracy {recall:.2f}")
        panel.set_xlabel("predicted")
    for panel in panels[len(splits) :]:
        panel.set_axis_off()
    for panel in panels[::columns]:
        panel.set_ylabel("true")
    color_bar(figure, image, panels, "share of the true class")
    return figure
