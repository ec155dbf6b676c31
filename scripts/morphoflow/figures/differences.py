"""In which measures and clusters groups differ: effects with their intervals."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from morphoflow.analysis.differences import CLUSTER, FEATURE
from morphoflow.colors import GREY, LABEL_COLORS
from morphoflow.figures.style import in_style, readable, say
from morphoflow.tables import REASON

MOST_FEATURES, MOST_CLUSTERS, MOST_GROUPS = 20, 10, 4
LEVEL = 0.05
AXES = {
    FEATURE: "Cliff's delta\n← smaller than in {0}  |  larger →",
    CLUSTER: "difference of shares\n← rarer than in {0}  |  more frequent →",
}


@in_style
def plot_differences(table: pd.DataFrame) -> Figure:
    """Effects of the features, and of the clusters, in which groups differ most.

    A column of panels is one group beside its reference, of at most four groups. Filled dots are
    significant after correction. A table that could not be made gives its sentence.
    """
    if REASON in table.attrs:
        return say(table.attrs[REASON])
    groups = list(dict.fromkeys(table["group"]))[:MOST_GROUPS]
    shown = {
        kind: _most_different(table[table["kind"] == kind], most)
        for kind, most in ((FEATURE, MOST_FEATURES), (CLUSTER, MOST_CLUSTERS))
    }
    shown = {kind: names for kind, names in shown.items() if names}
    if not shown:
        return say("No measure is known of two groups, so that none can be compared.")
    heights = [len(names) + 1 for names in shown.values()]
    size = (2.6 + 2.3 * max(2, len(groups)), 1.8 + 0.19 * sum(heights))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(
        len(shown), len(groups), squeeze=False, sharex="row", sharey="row", height_ratios=heights
    )
    for row, (kind, names) in zip(panels, shown.items(), strict=True):
        for panel, group in zip(row, groups, strict=True):
            _draw(panel, table[(table["kind"] == kind) & (table["group"] == group)], names, kind)
        row[0].set_yticks(range(len(names)), [_title(name) for name in names])
        row[0].set_ylim(len(names) - 0.4, -0.6)
        reach = np.abs(row[0].get_xlim()).max()
        row[0].set_xlim(-reach, reach)
    for panel, group in zip(panels[0], groups, strict=True):
        first = table[table["group"] == group].iloc[0]
        sizes = f"{first['units']} and {first['units_of_reference']} units"
        panel.set_title(f"{readable(group)} beside {readable(first['reference'])}\n{sizes}")
    figure.legend(handles=_handles(), loc="outside lower center", ncols=2)
    return figure


def _most_different(table: pd.DataFrame, most: int) -> list[tuple[str, str, str]]:
    """The rows' model, variant and name with the largest effects, in the order of the first group.

    What cannot be told from no difference in any group comes after what can.
    """
    known = table.assign(
        size=table["effect"].abs(), told=table["corrected_p_value"] <= LEVEL
    ).dropna(subset="size")
    if known.empty:
        return []
    keys = ["model", "variant", "name"]
    best = known.groupby(keys)[["told", "size"]].max().sort_values(["told", "size"])
    chosen = set(best.index[-most:])
    first = known[known["group"] == known["group"].iloc[0]].sort_values("effect", kind="stable")
    order = list(first[keys].itertuples(index=False, name=None))
    return [key for key in [*order, *sorted(chosen - set(order))] if key in chosen]


def _title(key: tuple[str, str, str]) -> str:
    model, variant, name = key
    if not model:
        return readable(name)
    run = readable(model) + ("" if variant == "default" else f" {readable(variant)}")
    return f"{run}: {name if name == 'noise' else f'cluster {name}'}"


def _draw(panel: Axes, table: pd.DataFrame, names: list[tuple], kind: str) -> None:
    rows = table.set_index(["model", "variant", "name"]).reindex(names)
    told = (rows["corrected_p_value"] <= LEVEL).to_numpy()
    y, effect = np.arange(len(rows)), rows["effect"].to_numpy()
    colors = np.where(told, LABEL_COLORS[0], GREY)
    panel.axvline(0, color=GREY, lw=0.7, zorder=0)
    panel.hlines(y, rows["low"], rows["high"], colors=colors, lw=1.4)
    faces = np.where(told, LABEL_COLORS[0], "white")
    panel.scatter(effect, y, s=18, c=faces, edgecolors=colors, linewidths=1, zorder=3)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.set_xlabel(AXES[kind].format(readable(table["reference"].iloc[0])))


def _handles() -> list[Line2D]:
    style = {"marker": "o", "markersize": 4.5, "lw": 1.4}
    sure, unsure = LABEL_COLORS[0], GREY
    return [
        Line2D([], [], color=sure, label=f"differs (q ≤ {LEVEL})", **style),
        Line2D([], [], color=unsure, mfc="white", label="not told from chance", **style),
    ]
