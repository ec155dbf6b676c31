"""Clusters against labels."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.colors import known_labels, sorted_labels
from morphoflow.figures.heatmap import draw_heatmap
from morphoflow.figures.style import color_bar, in_style, readable
from morphoflow.tables import NOISE

# More clusters than this need wider panels.
MANY = 9


def label_counts(labels: list, clusters: np.ndarray) -> tuple[np.ndarray, list[str], list[str]]:
    """Objects by label and cluster (r, c), the labels, and the clusters' names, noise last."""
    rows = sorted_labels(labels)
    columns = sorted(set(clusters.tolist()), key=lambda number: (number == NOISE, number))
    table = pd.crosstab(np.array(known_labels(labels)), clusters)
    table = table.reindex(index=rows, columns=columns).fillna(0)
    names = ["noise" if number == NOISE else str(number) for number in columns]
    return table.to_numpy().astype(int), rows, names


@in_style
def plot_clusters(
    labels: list, clusters: pd.DataFrame, agreement: dict[str, float] | None = None
) -> Figure:
    """A heat map of labels (n,) by clusters for each column of ``clusters`` (n rows).

    ``agreement`` is the adjusted Rand index of each method, as far as known.
    """
    methods = list(clusters)
    n_labels = len(sorted_labels(labels))
    many = max(clusters[method].nunique() for method in methods) > MANY
    columns = min(2 if many else 3, len(methods))
    rows = math.ceil(len(methods) / columns)
    height = 0.3 + rows * (0.75 + (0.2 if n_labels < 8 else 0.165) * max(3, n_labels))
    figure = Figure(figsize=(7.2, height), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for panel, method in zip(panels.flat, methods, strict=False):
        counts, names, numbers = label_counts(labels, clusters[method].to_numpy())
        image = draw_heatmap(panel, counts, names, numbers, turned=False)
        panel.set_title(_title(method, clusters[method], agreement or {}), loc="left")
    for panel in panels.flat[len(methods) :]:
        panel.set_axis_off()
    for panel in panels.flat[max(0, len(methods) - columns) : len(methods)]:
        panel.set_xlabel("cluster")
    color_bar(figure, image, panels, "share of the label")
    return figure


def _title(method: str, clusters: pd.Series, agreement: dict[str, float]) -> str:
    count = clusters[clusters != NOISE].nunique()
    text = f"{readable(method)}\n{count} cluster{'' if count == 1 else 's'}"
    value = agreement.get(method, math.nan)
    return text if math.isnan(value) else f"{text}, ARI {value:.2f}"


def agreement_of(scores: pd.DataFrame) -> dict[str, float]:
    """The adjusted Rand index of each method from a table of cluster scores (``<method>_ari``)."""
    rows = scores[scores["score"].str.endswith("_ari")]
    return dict(zip(rows["score"].str.removesuffix("_ari"), rows["value"], strict=True))
