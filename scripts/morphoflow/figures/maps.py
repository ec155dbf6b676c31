"""Two-dimensional maps of an embedding, coloured by label and by cluster."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from morphoflow.colors import DARK, GREY, cluster_color, known_labels, label_colors, sorted_labels
from morphoflow.figures.style import in_style, readable, remark
from morphoflow.tables import NOISE

MAPS = {"pca": "PC", "tsne": "t-SNE", "umap": "UMAP"}
MARKERS = {"train": "o", "validation": "s", "test": "^"}
LISTED = 14
# More points than this make an SVG large, so they go into it as an image.
MOST_AS_SHAPES = 1000


@in_style
def plot_maps(
    maps: pd.DataFrame, labels: list, splits: list[str], clusters: np.ndarray, method: str
) -> Figure:
    """Points of ``maps`` (n rows: pca_1, pca_2, ...) by label (n,) and by cluster (n,) of a method.

    The shape of a point is its split; test objects have a dark edge. Noise (-1) is grey.
    """
    figure = Figure(figsize=(7.2, 4.7), layout="constrained")
    panels = figure.subplots(2, len(MAPS))
    names, colors = known_labels(labels), label_colors(labels)
    numbers = sorted(set(clusters.tolist()), key=lambda number: (number == NOISE, number))
    cluster_colors = {number: cluster_color(number) for number in numbers}
    for column, map_name in enumerate(MAPS):
        xy = maps[[f"{map_name}_1", f"{map_name}_2"]].to_numpy(dtype=float)
        _scatter(panels[0, column], xy, [colors[name] for name in names], splits)
        _scatter(panels[1, column], xy, [cluster_colors[c] for c in clusters], splits)
        if np.isfinite(xy).all():
            shares = maps.attrs.get("explained_variance") if map_name == "pca" else None
            for panel in panels[:, column]:
                _name_axes(panel, MAPS[map_name], shares)
    present = [(readable(name), colors[name], names.count(name)) for name in sorted_labels(labels)]
    _legend(panels[0, -1], "label", present)
    counted = [
        ("noise" if c == NOISE else str(c), cluster_colors[c], int((clusters == c).sum()))
        for c in numbers
    ]
    _legend(panels[1, -1], f"cluster\n({readable(method)})", counted)
    shown = [split for split in MARKERS if split in set(splits)]
    handles = [Line2D([], [], ls="", c=GREY, label=s, **_key_marker(s)) for s in shown]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _area(n: int) -> float:
    """The area of a point in square points: smaller the more there are."""
    return float(np.clip(3000 / max(n, 1), 5, 26))


def _scatter(axes: Axes, xy: np.ndarray, colors: list[str], splits: list[str]) -> None:
    if not np.isfinite(xy).all():
        remark(axes, "too few objects\nfor this map")
        return
    colors, splits = np.array(colors), np.array(splits)
    for split, marker in MARKERS.items():
        rows = splits == split
        axes.scatter(
            *xy[rows].T,
            c=colors[rows],
            marker=marker,
            s=_area(len(xy)) * (1.5 if split == "test" else 1),
            linewidths=0.6 if split == "test" else 0.2,
            edgecolors=DARK if split == "test" else "white",
            rasterized=len(xy) > MOST_AS_SHAPES,
        )
    axes.set(xticks=[], yticks=[])
    axes.set_box_aspect(1)
    axes.margins(0.07)


def _name_axes(axes: Axes, name: str, shares: list[float] | None) -> None:
    texts = [f"{name} {i + 1}" for i in (0, 1)]
    if shares:
        texts = [f"{text} ({share:.0%})" for text, share in zip(texts, shares, strict=False)]
    axes.set_xlabel(texts[0])
    axes.set_ylabel(texts[1])


def _legend(axes: Axes, title: str, entries: list[tuple[str, str, int]]) -> None:
    shown = entries if len(entries) <= LISTED + 2 else entries[:LISTED]
    handles = [
        Line2D([], [], ls="", marker="o", ms=5, mew=0, c=color, label=f"{name} ({n})")
        for name, color, n in shown
    ]
    if len(shown) < len(entries):
        handles.append(Line2D([], [], ls="", label=f"and {len(entries) - len(shown)} more"))
    axes.legend(
        handles=handles,
        title=title,
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(1.02, 1.05),
        borderaxespad=0,
        labelspacing=0.25 if len(shown) > 8 else 0.5,
    )


def _key_marker(split: str) -> dict:
    edge = {"mec": DARK, "mew": 0.6} if split == "test" else {"mew": 0}
    return {"marker": MARKERS[split], "ms": 6 if split == "test" else 4.5, **edge}
