"""The most unusual objects beside the most typical ones."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.colors import GREY, LIGHT_GREY, known_labels, label_colors
from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.keys import channel_key, channel_key_height
from morphoflow.figures.montage import Tiles, clipped, framed, heading, shortened
from morphoflow.figures.style import in_style, readable, remark

WIDTH, MARGIN, GAP = 7.2, 0.1, 0.05  # inches
TITLE, HEAD, WORDS = 0.3, 0.2, 0.46  # inches
MOST = 8
FLAGGED = "#C8102E"
# A score, and whether its small values are the unusual ones.
SCORES = {"distance": False, "log_density": True}
STRIPS = {
    ("distance", True): "furthest from their neighbours",
    ("log_density", True): "where the density of objects is least",
    ("distance", False): "nearest to their neighbours",
    ("log_density", False): "where the density of objects is largest",
}


def ranked(outliers: pd.DataFrame, score: str, most: int, *, unusual: bool) -> np.ndarray:
    """The rows (at most ``most``) of the most unusual or most typical objects by a score.

    Objects without a value of the score are left out; ties go by row.
    """
    values = outliers[score].to_numpy(dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    key = values[known] if SCORES[score] == unusual else -values[known]
    return known[np.argsort(key, kind="stable")[:most]]


@in_style
def plot_outlier_gallery(crops: Crops, outliers: pd.DataFrame, labels: list) -> Figure:
    """Four strips of crops: unusual and typical ones, by distance and by density.

    ``outliers`` (n rows: id, distance, distance_p, log_density, log_density_p, outlier) and
    ``labels`` (n,) are in the order of ``crops``. A red frame marks objects called outliers.
    """
    # Among few objects, none is shown as unusual and as typical at once.
    most = min(MOST, max(1, len(outliers) // 2))
    strips = {key: ranked(outliers, key[0], most, unusual=key[1]) for key in STRIPS}
    strips = {key: rows for key, rows in strips.items() if len(rows)}
    h, w = crops.x.shape[2:]
    side = (WIDTH - 2 * MARGIN + GAP) / MOST - GAP
    tall = HEAD + side * h / w + WORDS
    start = MARGIN + channel_key_height(crops.channels)
    height = start + TITLE + len(strips) * tall + MARGIN
    figure = Figure(figsize=(WIDTH, max(1.2, height)))
    if not strips:
        remark(figure.subplots(), "too few objects to tell unusual ones")
        return figure
    heading(figure, _headline(outliers), MARGIN, start)
    channel_key(figure, crops.channels, MARGIN)
    drawn = np.unique(np.concatenate(list(strips.values())))
    pictures = _pictures(crops.take(drawn), outliers["outlier"].to_numpy(dtype=bool)[drawn])
    for i, (key, rows) in enumerate(strips.items()):
        top = start + TITLE + i * tall
        heading(figure, STRIPS[key], MARGIN, top, weight="normal")
        mine = pictures[np.searchsorted(drawn, rows)][None]
        tiles = Tiles(figure, mine, left=MARGIN, top=top + HEAD, side=side, gap=GAP)
        _name(tiles, outliers.iloc[rows], f"{key[0]}_p", [labels[row] for row in rows], labels)
    return figure


def _pictures(crops: np.ndarray, flagged: np.ndarray) -> np.ndarray:
    colors = [FLAGGED if outlier else LIGHT_GREY for outlier in flagged]
    return framed(composite(crops, display_limits(crops)), colors)


def _headline(outliers: pd.DataFrame) -> str:
    n = f"{len(outliers):,} objects"
    if outliers[[f"{score}_p" for score in SCORES]].isna().all(axis=None):
        return f"{n}, without p values: nothing is called an outlier"
    return f"{outliers['outlier'].sum():,} of {n} are outliers (red frame)"


def _name(tiles: Tiles, rows: pd.DataFrame, column: str, mine: list, labels: list) -> None:
    colors = label_colors(labels)
    for i, (name, label) in enumerate(zip(rows["id"], known_labels(mine), strict=True)):
        p = rows[column].iloc[i]
        lines = [shortened(str(name), 15)]
        if np.isfinite(p):
            lines.append(f"p {'<' if p < 0.001 else '='} {max(p, 0.001):.2g}")
        tiles.below(0, i, "\n".join(lines))
        if not pd.isna(mine[i]):
            word = clipped(readable(label), 14)
            tiles.below(0, i, "\n" * len(lines) + word, color=colors.get(label, GREY))
