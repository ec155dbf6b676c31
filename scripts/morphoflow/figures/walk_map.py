"""A map of walks by their latents, coloured by length, direction and the type of their neuron."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from morphoflow.colors import label_colors, sorted_labels
from morphoflow.figures.style import in_style, readable

# Without the palest colours, which are hard to see on white.
LENGTHS = ListedColormap(colormaps["viridis_r"](np.linspace(0.12, 1, 256)))
SIDES = colormaps["coolwarm"]
POINT = 3.0
LISTED = 10


@in_style
def plot_walk_map(walks: pd.DataFrame) -> Figure:
    """``walks`` (see :func:`morphoflow.models.morphvae.probes.walk_map`) in five panels.

    They are coloured by number of nodes, by the place of their end along x, y and z, and by label.
    """
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    panels = figure.subplots(2, 3).ravel()
    _by_value(panels[0], walks, walks["n_nodes"].to_numpy(float), "nodes of the walk", LENGTHS)
    for axes, axis in zip(panels[1:4], "xyz", strict=True):
        end = walks[f"end_{axis}_um"].to_numpy(float)
        _by_value(axes, walks, end, f"end along {axis} (µm)", SIDES)
    _by_label(panels[4], panels[5], walks)
    return figure


def _by_value(
    axes: Axes, walks: pd.DataFrame, values: np.ndarray, title: str, colors: ListedColormap
) -> None:
    if colors is SIDES:
        # The outermost ends are few, and would leave all others pale.
        limit = max(float(np.percentile(np.abs(values), 98)), 1e-9)
        limits = (-limit, limit)
    else:
        limits = (values.min(), max(values.max(), values.min() + 1))
    points = axes.scatter(
        walks["map_1"],
        walks["map_2"],
        c=values,
        cmap=colors,
        vmin=limits[0],
        vmax=limits[1],
        s=POINT,
        lw=0,
        rasterized=True,
    )
    bar = axes.figure.colorbar(points, ax=axes, shrink=0.8, aspect=18, pad=0.02)
    bar.outline.set_visible(False)
    _finish(axes, title)


def _by_label(axes: Axes, key: Axes, walks: pd.DataFrame) -> None:
    colors = label_colors(walks["label"])
    shuffled = walks.sample(frac=1, random_state=0)
    axes.scatter(
        shuffled["map_1"],
        shuffled["map_2"],
        c=[colors[label] for label in shuffled["label"]],
        s=POINT,
        lw=0,
        rasterized=True,
    )
    _finish(axes, "label of the neuron")
    names = sorted_labels(walks["label"])
    handles = [
        Line2D([], [], ls="", marker="o", ms=5, mew=0, c=colors[name], label=readable(name))
        for name in names[:LISTED]
    ]
    if len(names) > LISTED:
        handles.append(Line2D([], [], ls="", label=f"and {len(names) - LISTED} more"))
    key.legend(handles=handles, loc="center left", title="label", alignment="left")
    key.set_axis_off()
    count = f"{len(walks)} walks of {walks['id'].nunique()}\nheld-out neurons"
    key.text(0.02, 0, count, transform=key.transAxes, va="bottom")


def _finish(axes: Axes, title: str) -> None:
    axes.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2", title=title)
    axes.set_box_aspect(1)
    axes.margins(0.05)
