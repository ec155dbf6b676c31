"""What a simulator of arbors says of populations: posteriors, differences, predicted images."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import GREY, label_colors
from morphoflow.figures.style import in_style, readable

WIDTH, COLUMNS, HEIGHT = 7.2, 3, 0.55  # inches
ACROSS, MOST = 4, 6  # images of each kind, and populations that are shown with images
SIDE = WIDTH / (2 * ACROSS + 0.6)
BINS = 40


@in_style
def plot_simulator_fit(
    draws: pd.DataFrame,
    bounds: dict[str, tuple[float, float, bool]],
    images: dict[str, tuple[np.ndarray, np.ndarray]],
    left_out: list[str],
) -> Figure:
    """The posterior of each parameter by population, and images below.

    ``draws`` has a column ``label`` and one for each parameter, ``bounds`` the prior's least and
    largest value and whether it is of the logarithm, ``images`` for each label real and predicted
    ones (n, s, s). ``left_out`` are sentences on populations that were not fitted.
    """
    names = [name for name in draws if name != "label"]
    labels = list(dict.fromkeys(draws["label"]))
    shown = labels[:MOST]
    rows = -(-len(names) // COLUMNS)
    posteriors = 0.55 + rows * (HEIGHT + 0.16 * len(labels) + 0.5)
    below = 0.25 if left_out else 0.1
    figure = Figure(figsize=(WIDTH, posteriors + 0.25 + len(shown) * SIDE + below))
    share = posteriors / figure.get_figheight()
    grid = {
        "left": 0.16,
        "right": 0.98,
        "top": 0.98,
        "bottom": 1 - share + 0.5 / figure.get_figheight(),
    }
    panels = figure.subplots(rows, COLUMNS, squeeze=False, gridspec_kw={**grid, "hspace": 0.7})
    known = label_colors(labels)
    colors = {label: known[label] for label in labels}
    for axes, name in zip(panels.flat, names, strict=False):
        _posteriors(axes, draws, name, bounds[name], colors)
    for axes in panels.flat[len(names) :]:
        axes.set_axis_off()
    for column in panels[:, 1:].flat:
        column.set_yticklabels([])
    for k, label in enumerate(shown):
        _images(figure, k, label, images[label], 1 - share, colors[label])
    if left_out:
        figure.text(0.02, 0.004, "; ".join(left_out), fontsize=6, color=GREY, wrap=True)
    return figure


def _posteriors(axes: Axes, draws: pd.DataFrame, name: str, bounds, colors: dict) -> None:
    """Interval and density of one parameter for each population, over the width of the prior."""
    low, high, logarithmic = bounds
    for k, (label, color) in enumerate(colors.items()):
        values = draws.loc[draws["label"] == label, name]
        edges = np.geomspace(low, high, BINS) if logarithmic else np.linspace(low, high, BINS)
        count = np.histogram(values, edges)[0]
        base, height = -k, 0.7 * count / max(count.max(), 1)
        axes.stairs(base + height, edges, baseline=base, fill=True, color=color, alpha=0.35)
        least, median, most = np.percentile(values, [2.5, 50, 97.5])
        axes.plot([least, most], [base, base], color=color, lw=2, solid_capstyle="butt")
        axes.plot(median, base, "o", color=color, ms=3.5)
    if logarithmic:
        axes.set_xscale("log")
        middle = np.sqrt(low * high)
        axes.set_xticks([low, middle, high], [_short(v) for v in (low, middle, high)])
        axes.minorticks_off()
    axes.set_xlim(low, high)
    axes.set_ylim(0.2 - len(colors), 0.8)
    axes.set_yticks(-np.arange(len(colors)), [readable(label) for label in colors])
    axes.set_xlabel(readable(name))


def _short(value: float) -> str:
    """A number to two digits, never as a power of ten."""
    return f"{float(f'{value:.2g}'):g}"


def _images(figure: Figure, k: int, label: str, pair, share: float, color) -> None:
    """A row of real images and beside them one of predicted ones."""
    high = figure.get_figheight()
    for side, (pictures, words) in enumerate(zip(pair, ("real", "simulated"), strict=True)):
        for i, picture in enumerate(pictures[:ACROSS]):
            left = (0.45 + side * (ACROSS + 0.1) + i) * SIDE / WIDTH
            bottom = share - (0.25 + (k + 1) * SIDE) / high
            axes = figure.add_axes((left, bottom, 0.97 * SIDE / WIDTH, 0.97 * SIDE / high))
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
            if k == 0 and i == 0:
                axes.set_title(words, loc="left")
            if side == 0 and i == 0:
                style = {"rotation": 90, "va": "center", "ha": "right", "color": color}
                axes.text(-0.05, 0.5, readable(label), transform=axes.transAxes, **style)
