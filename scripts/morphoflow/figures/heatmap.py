"""Heat maps of counts, coloured by the share of each row."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from morphoflow.figures.style import readable

MOST_WRITTEN = 16
TICKS = 16
MOST_LEVEL = 6


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Each row (r, c) divided by its sum; rows without any count stay 0."""
    total = counts.sum(axis=1, keepdims=True)
    return counts / np.maximum(total, 1)


def draw_heatmap(
    axes: Axes, counts: np.ndarray, rows: list[str], columns: list[str], *, turned: bool
) -> AxesImage:
    """Draw counts (r, c) on ``axes``: colour is the share of the row, the count in the cell.

    Counts are left out above 16 columns; ``turned`` column names stand upright, and so do words
    among more than six columns.
    """
    shares = row_shares(counts)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if counts.shape[1] <= MOST_WRITTEN:
        for (i, j), n in np.ndenumerate(counts):
            if n:
                color = "white" if shares[i, j] > 0.55 else "black"
                axes.text(j, i, str(n), ha="center", va="center", fontsize=7, color=color)
    every = 1 if turned else -(-len(columns) // TICKS)
    # The last one, which may be the noise, has its name in any case.
    shown = sorted({*range(0, len(columns) - every, every), len(columns) - 1})
    axes.set_xticks(shown, [readable(columns[j]) for j in shown])
    for text in axes.get_xticklabels():
        if turned or (len(columns) > MOST_LEVEL and not text.get_text().isdecimal()):
            text.set_rotation(90)
    axes.set_yticks(range(len(rows)), [readable(row) for row in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image
