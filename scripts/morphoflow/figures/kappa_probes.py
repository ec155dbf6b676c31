"""Walks of known shape that were encoded, moved by noise and decoded."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, LABEL_COLORS
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import in_style

SHARE_NAMES = {1: "1", 1 / 3: "1/3", 1 / 6: "1/6"}


@in_style
def plot_kappa_probes(probes: pd.DataFrame) -> Figure:
    """``probes`` (see :func:`morphoflow.models.morphvae.probes.probe_table`), projected on x and y.

    A row a shape, a column a concentration of the noise; the probe itself is black, what was
    decoded coloured by the share of the full length that the probe has, side by side.
    """
    shapes = list(dict.fromkeys(probes["shape"]))
    kappas = [np.nan, *dict.fromkeys(probes["kappa"].dropna())]
    shares = list(dict.fromkeys(probes["share"]))
    height, width = _extent(probes)
    above = {share: -k * 1.5 * height for k, share in enumerate(shares)}
    figure = Figure(figsize=(7.2, 1.1 + 2.0 * len(shapes)), layout="constrained")
    panels = figure.subplots(len(shapes), len(kappas), squeeze=False, sharex=True, sharey=True)
    for line, shape in zip(panels, shapes, strict=True):
        for axes, kappa in zip(line, kappas, strict=True):
            part = probes[probes["shape"] == shape]
            same = part["kappa"].isna() if np.isnan(kappa) else part["kappa"] == kappa
            _draw(axes, part[same & (part["draw"] >= 0)], above, decoded=True)
            _draw(axes, part[part["draw"] < 0], above, decoded=False)
            axes.set_aspect("equal")
            axes.set_axis_off()
        line[0].text(
            -0.02, 0.5, shape, rotation=90, ha="right", va="center", transform=line[0].transAxes
        )
    for axes, kappa in zip(panels[0], kappas, strict=True):
        axes.set_title("no noise" if np.isnan(kappa) else f"κ = {kappa:g}")
    scale_bar(panels[-1, 0], (0, min(above.values()) - 0.55 * height), round_length(width / 2))
    names = ", ".join(f"{SHARE_NAMES.get(share, f'{share:.2g}')}" for share in shares)
    figure.supxlabel(
        f"black: the probe, at {names} of the full length; colour: decoded, dot: soma", fontsize=7.5
    )
    return figure


def _extent(probes: pd.DataFrame) -> tuple[float, float]:
    """How high and wide the longest probe is."""
    own = probes[probes["draw"] < 0]
    return float(np.ptp(own["y_um"])), float(np.ptp(own["x_um"]))


def _draw(axes: Axes, nodes: pd.DataFrame, above: dict[float, float], decoded: bool) -> None:
    for k, (share, offset) in enumerate(above.items()):
        here = nodes[nodes["share"] == share]
        color = LABEL_COLORS[k] if decoded else DARK
        for _, walk in here.groupby("draw"):
            x, y = walk["x_um"].to_numpy(), walk["y_um"].to_numpy() + offset
            axes.plot(x, y, color=color, lw=0.6 if decoded else 1.0, alpha=0.7 if decoded else 1)
            axes.plot(x[0], y[0], "o", color=DARK, ms=2, mew=0)
