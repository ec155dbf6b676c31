"""How sure a model is of each object, and how well it draws it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from morphoflow.colors import DARK, known_labels, label_colors
from morphoflow.errors import InputError
from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.keys import channel_key, channel_key_height, key_height, label_key
from morphoflow.figures.montage import Tiles, add_axes, framed, in_lines
from morphoflow.figures.style import in_style, remark

WIDTH, HEIGHT, MARGIN = 7.2, 3.2, 0.1  # inches
SIDE, GAP, COLUMNS, PER_CORNER = 0.62, 0.04, 2, 4
STRIP = COLUMNS * SIDE + (COLUMNS - 1) * GAP
COLUMNS_READ = ("posterior_sd", "reconstruction_error")
# Corner by name: the rank of posterior_sd and of reconstruction_error that it stands for.
CORNERS = {"a": (0, 1), "b": (1, 1), "c": (0, 0), "d": (1, 0)}
WORDS = ("low", "high")
# Values that span more than this are drawn on a logarithmic axis.
WIDE = 30
MOST_AS_SHAPES = 1000


def uncertainty_of(observations: pd.DataFrame) -> np.ndarray:
    """Posterior spread and reconstruction error (n, 2) of an embedding's objects."""
    missing = [name for name in COLUMNS_READ if name not in observations]
    if missing:
        raise InputError(
            f"the embedding has no column {missing[0]}; only a variational model has it: leave "
            f"this figure out for others."
        )
    return observations[list(COLUMNS_READ)].to_numpy(dtype=float)


def corner_rows(values: np.ndarray, most: int) -> dict[str, np.ndarray]:
    """At most ``most`` objects nearest to each corner of the ranks of ``values`` (n, 2).

    No object stands for two corners; corners take turns, and ties go by row.
    """
    n = len(values)
    rank = (pd.DataFrame(values).rank().to_numpy() - 0.5) / n
    chosen = {name: [] for name in CORNERS}
    free = np.ones(n, dtype=bool)
    for _ in range(min(most, max(1, n // len(CORNERS)))):
        for name, corner in CORNERS.items():
            if free.any():
                way = np.where(free, ((rank - corner) ** 2).sum(axis=1), np.inf)
                row = int(way.argmin())
                chosen[name].append(row)
                free[row] = False
    return {name: np.array(rows, dtype=int) for name, rows in chosen.items()}


@in_style
def plot_uncertainty(crops: Crops, values: np.ndarray, labels: list) -> Figure:
    """Reconstruction error against posterior spread, ``values`` (n, 2), with crops at the corners.

    ``labels`` (n,) and ``crops`` are in the same order.
    """
    if not np.isfinite(values).all() or not len(values):
        figure = Figure(figsize=(WIDTH, 1.2))
        remark(figure.subplots(), "this model gives no uncertainty of its objects")
        return figure
    top = MARGIN + channel_key_height(crops.channels)
    height = top + HEIGHT + key_height(labels, WIDTH - 2 * MARGIN) + MARGIN
    figure = Figure(figsize=(WIDTH, height))
    chosen = corner_rows(values, PER_CORNER)
    left = MARGIN + STRIP + 0.65
    axes = add_axes(figure, left, top + 0.25, WIDTH - left - STRIP - 0.3, HEIGHT - 0.75)
    _scatter(axes, values, labels, chosen)
    _draw_corners(figure, crops, chosen, labels, top)
    channel_key(figure, crops.channels, MARGIN)
    label_key(figure, labels, MARGIN)
    return figure


def _scatter(axes: Axes, values: np.ndarray, labels: list, chosen: dict[str, np.ndarray]) -> None:
    names, colors = known_labels(labels), label_colors(labels)
    axes.scatter(
        *values.T,
        c=[colors[name] for name in names],
        s=float(np.clip(3000 / len(values), 3, 22)),
        linewidths=0.2,
        edgecolors="white",
        rasterized=len(values) > MOST_AS_SHAPES,
    )
    for corner, rows in chosen.items():
        axes.scatter(*values[rows].T, s=30, facecolors="none", edgecolors=DARK, linewidths=0.7)
        for at in values[rows[:1]]:
            axes.annotate(corner, at, (4, 3), textcoords="offset points", weight="bold")
    for axis, column in zip("xy", values.T, strict=True):
        if column.min() > 0 and column.max() > WIDE * column.min():
            axes.set(**{f"{axis}scale": "log"})
    axes.set_xlabel("posterior sd")
    axes.set_ylabel("reconstruction error")
    if len(values) > 2 and np.ptp(values, axis=0).all():
        correlation = pd.DataFrame(values).corr("spearman").iat[0, 1]
        axes.set_title(f"rank correlation {correlation:.2f}, n = {len(values):,}")


def _draw_corners(
    figure: Figure, crops: Crops, chosen: dict[str, np.ndarray], labels: list, top: float
) -> None:
    names, colors = known_labels(labels), label_colors(labels)
    drawn = np.concatenate(list(chosen.values()))
    crop = crops.take(drawn)
    pictures = composite(crop, display_limits(crop, crops.channels), crops.channels)
    pictures = framed(pictures, [colors[names[i]] for i in drawn])
    first = np.cumsum([0, *map(len, chosen.values())])
    for i, (corner, rows) in enumerate(chosen.items()):
        if not len(rows):
            continue
        mine = pictures[first[i] : first[i + 1]]
        right, high = CORNERS[corner]
        tiles = Tiles(
            figure,
            in_lines(mine, COLUMNS),
            left=WIDTH - MARGIN - STRIP if right else MARGIN,
            top=top + 0.2 + (0 if high else HEIGHT / 2),
            side=SIDE,
            gap=GAP,
        )
        words = f"{corner}: {WORDS[right]} sd, {WORDS[high]} error"
        tiles.axes.set_title(words, fontsize=7, pad=3, loc="left")
