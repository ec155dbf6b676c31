"""What sets clusters apart: effect sizes of the measures in which they differ most."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.figures.style import color_bar, in_style, readable, remark

MOST_MEASURES, MOST_CLUSTERS = 16, 20
# Effects are written into the cells where there are fewer clusters than this.
WRITTEN_BELOW = 13


def most_distinctive(effects: np.ndarray, most: int) -> np.ndarray:
    """At most ``most`` columns of ``effects`` (clusters, measures): each cluster's largest in turn.

    In the order of the columns.
    """
    order = np.argsort(-np.abs(np.nan_to_num(effects)), axis=1, kind="stable")
    turns = order.T.ravel()
    first = np.sort(np.unique(turns, return_index=True)[1])
    return np.sort(turns[first][:most])


@in_style
def plot_profiles(profiles: pd.DataFrame, method: str) -> Figure:
    """A heat map of Cliff's delta, clusters by measures, of one ``method`` of clustering."""
    table = profiles[profiles["method"] == method]
    effects = table.pivot(index="cluster", columns="measure", values="effect")
    effects = effects[table["measure"].drop_duplicates()].iloc[:MOST_CLUSTERS]
    figure = Figure(figsize=(7.2, 2.9 + 0.21 * max(3, len(effects))), layout="constrained")
    panel = figure.subplots()
    if len(effects) < 2 or effects.isna().all(axis=None):
        remark(panel, f"{readable(method)} found fewer than two clusters: nothing to compare")
        return figure
    shown = most_distinctive(effects.to_numpy(), MOST_MEASURES)
    values = effects.to_numpy()[:, shown]
    image = panel.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    if len(shown) <= MOST_MEASURES and len(effects) < WRITTEN_BELOW:
        for (i, j), value in np.ndenumerate(values):
            color = "white" if abs(value) > 0.65 else "black"
            panel.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=6, color=color)
    sizes = table.drop_duplicates("cluster").set_index("cluster")["n"]
    rows = [f"{number}  (n = {sizes[number]})" for number in effects.index]
    panel.set_yticks(range(len(effects)), rows)
    panel.set_xticks(range(len(shown)), [readable(effects.columns[j]) for j in shown])
    panel.tick_params(axis="x", rotation=90)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_ylabel("cluster")
    panel.set_title(f"{readable(method)}, {len(sizes)} clusters", loc="left")
    color_bar(figure, image, np.array([panel]), "smaller than others  –  larger")
    return figure
