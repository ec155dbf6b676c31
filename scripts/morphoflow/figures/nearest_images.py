"""Generated images beside the training images that they are most like."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from morphoflow.analysis.significance import share_interval
from morphoflow.colors import DARK, GREY
from morphoflow.figures.crop_rows import spaced
from morphoflow.figures.montage import Tiles, add_axes, heading, shortened
from morphoflow.figures.style import in_style

WIDTH, MARGIN, GAP = 7.2, 0.1, 0.03  # inches
HEAD, CHART, AXIS, LINE, WORDS = 0.25, 1.0, 0.45, 0.22, 0.34  # inches
CURVE = 2.0
PAIRS, APART = 5, 0.12
MOST = 20
LONGEST_ID = 12  # letters that fit below a picture
GENERATED, HELD_OUT, BENT, COPIED = "#0072B2", "#D55E00", "#009E73", "#C8102E"
BINS = np.linspace(0, 1, 41)


def shown_rows(table: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """At most ``most`` generated images from the nearest to the furthest of a training image.

    Half are the nearest of all, as these may be copies; the others are evenly spaced by rank.
    """
    made = table[table["kind"] == "generated"]
    order = np.lexsort([made["id"].to_numpy(dtype=str), -made["correlation"].to_numpy()])
    first, rest = order[: most // 2], order[most // 2 :]
    return made.iloc[np.concatenate([first, rest[spaced(len(rest), most - len(first))]])]


@in_style
def plot_nearest_images(
    table: pd.DataFrame, shown: pd.DataFrame, pairs: np.ndarray, threshold: float
) -> Figure:
    """How like training images generated, held-out and bent ones are, and pairs of them.

    Beside the distributions stands what share of bent ones is found, for each share of held-out
    ones that is taken for copies (receiver operating characteristic).

    ``table`` is that of :func:`~morphoflow.dendrites.realism.memorisation.nearest_table`, ``shown``
    (m rows) those of its rows that are drawn, and ``pairs`` (m, 2, s, s) uint8 the generated image
    and the training image laid upon it. Above ``threshold`` an image is called a copy.
    """
    lines = math.ceil(len(shown) / PAIRS)
    side = ((WIDTH - 2 * MARGIN + APART) / PAIRS - APART - GAP) / 2
    start = MARGIN + HEAD + CHART + AXIS + LINE
    figure = Figure(figsize=(WIDTH, start + lines * (side + WORDS)))
    _chart(figure, table, threshold)
    _curve(figure, table, threshold)
    words = "pairs: generated | the most similar training image, turned and shifted onto it"
    heading(figure, words, MARGIN, start - LINE)
    pictures = np.repeat(pairs[..., None] / np.float32(255), 3, axis=-1)
    for i, (row, pair) in enumerate(zip(shown.itertuples(), pictures, strict=True)):
        left = MARGIN + (i % PAIRS) * (2 * side + GAP + APART)
        top = start + (i // PAIRS) * (side + WORDS)
        tiles = Tiles(figure, pair[None], left=left, top=top, side=side, gap=GAP)
        copied = row.correlation > threshold
        color = COPIED if copied else DARK
        tiles.below(0, 0, f"{row.correlation:.2f}{' copy?' if copied else ''}", color=color)
        tiles.below(0, 0, f"\n{shortened(row.id, LONGEST_ID)}", fontsize=5.5)
        turned = f"{row.angle_deg:.0f}°{', flip' if row.flip else ''}"
        tiles.below(0, 1, f"{turned}\n")
        tiles.below(0, 1, f"\n{shortened(row.nearest, LONGEST_ID)}", fontsize=5.5)
    return figure


def _curve(figure: Figure, table: pd.DataFrame, threshold: float) -> None:
    """What share of copies is found at what share of false alarms, at every threshold."""
    bent, real = (
        table.loc[table["kind"] == kind, "correlation"].to_numpy() for kind in ("bent", "held_out")
    )
    if not len(bent) or not len(real):
        return
    axes = add_axes(figure, WIDTH - CURVE + 0.5, MARGIN + HEAD, CURVE - MARGIN - 0.55, CHART)
    alarms, found = operating_curve(real, bent)
    axes.plot(100 * alarms, 100 * found, color=BENT, lw=1.2, clip_on=False)
    chosen = 100 * (real > threshold).mean(), 100 * (bent > threshold).mean()
    axes.plot(*chosen, "o", color=GREY, ms=4, clip_on=False)
    axes.set_xscale("symlog", linthresh=1, linscale=0.5)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    axes.set_ylim(0, 100)
    axes.set_xlabel("false alarms / %")
    axes.set_ylabel("bent ones found / %")


def operating_curve(real: np.ndarray, copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shares of ``real`` and of ``copies`` above each value that occurs, from 0 to 1."""
    values = np.unique(np.concatenate([real, copies]))
    shares = (
        1 - np.searchsorted(np.sort(x), values, side="right") / len(x) for x in (real, copies)
    )
    alarms, found = (np.concatenate([[1.0], share])[::-1] for share in shares)
    return alarms, found


def _chart(figure: Figure, table: pd.DataFrame, threshold: float) -> None:
    """The distribution of correlations of each kind of image."""
    axes = add_axes(figure, MARGIN + 0.45, MARGIN + HEAD, WIDTH - CURVE - 2 * MARGIN - 0.45, CHART)
    for kind, color, name in (
        ("generated", GENERATED, "generated"),
        ("held_out", HELD_OUT, "held-out real"),
        ("bent", BENT, "training images that were bent"),
    ):
        values = table.loc[table["kind"] == kind, "correlation"]
        if values.empty:
            continue
        weights = np.full(len(values), 1 / len(values))
        above = values > threshold
        low, high = share_interval(int(above.sum()), len(values))
        label = f"{name}: {above.sum()} of {len(values)} above ({low:.1%} to {high:.1%})"
        axes.hist(values.clip(0, 1), BINS, weights=weights, color=color, alpha=0.5, label=label)
        axes.plot(values.median(), 0, "^", color=color, ms=5, clip_on=False, zorder=3)
    axes.axvline(threshold, color=GREY, lw=0.9, ls="--")
    axes.set_xlim(0, 1)
    axes.set_xlabel("correlation with the most similar training image, bent (triangle: median)")
    axes.set_ylabel("share of images")
    axes.set_ylim(top=2.4 * axes.get_ylim()[1])  # room for the legend
    axes.legend(loc="upper center")
    title = f"above {threshold:g} (dashed) images may be copies; shares with 95 % intervals"
    heading(figure, title, MARGIN, MARGIN)
