"""Which classes are taken for one another."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.figures.heatmap import draw_heatmap
from morphoflow.figures.style import in_style, readable, remark

SPLITS = ("test", "leave_one_out", "validation")
TITLES = {"leave_one_out": "each from all others", "test": "test", "validation": "validation"}


def confusion_counts(confusion: pd.DataFrame, split: str) -> tuple[np.ndarray, list[str]]:
    """The counts (c, c), true class by predicted class, of one split, and the classes."""
    rows = confusion[confusion["split"] == split]
    classes = sorted(set(rows["true"]) | set(rows["predicted"]))
    table = rows.pivot_table(index="true", columns="predicted", values="n", aggfunc="sum")
    table = table.reindex(index=classes, columns=classes).fillna(0)
    return table.to_numpy().astype(int), classes


@in_style
def plot_confusion(confusion: pd.DataFrame) -> Figure:
    """A panel for each split of a table with the columns split, true, predicted and n."""
    present = set(confusion["split"])
    splits = [name for name in SPLITS if name in present] + sorted(present - set(SPLITS))
    if not splits:
        figure = Figure(figsize=(7.2, 1.2))
        remark(figure.subplots(), "fewer than two classes: nothing to tell apart")
        return figure
    tables = [confusion_counts(confusion, split) for split in splits]
    largest = max(len(classes) for _, classes in tables)
    side = min(max(1.3, 0.24 * largest), 4.2)
    columns = min(len(splits), 3 if side < 2 else 2)
    rows = -(-len(splits) // columns)
    name_room = 0.075 * max(len(name) for _, classes in tables for name in classes)
    size = (0.9 + columns * (side + name_room + 0.3), 0.25 + rows * (side + name_room + 0.8))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, split, (counts, classes) in zip(panels, splits, tables, strict=False):
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
    bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.6, aspect=25, pad=0.02)
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    return figure
