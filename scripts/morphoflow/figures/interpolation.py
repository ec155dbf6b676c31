"""Images on the way from latent to latent."""

import numpy as np
from matplotlib.figure import Figure

from morphoflow.figures.crop_rows import spaced
from morphoflow.figures.grey import grey_pictures
from morphoflow.figures.montage import Tiles
from morphoflow.figures.style import in_style

WIDTH, MARGIN, NAMES, ABOVE, GAP = 7.2, 0.1, 0.75, 0.15, 0.04  # inches
COLUMNS = 8


@in_style
def plot_interpolation(images: np.ndarray) -> Figure:
    """Images (stops, steps, s, s) on a closed way, a row for each leg from stop to stop."""
    stops, steps = images.shape[:2]
    # A row ends where the next one begins.
    legs = np.concatenate([images, np.roll(images[:, :1], -1, axis=0)], axis=1)
    shown = spaced(steps + 1, COLUMNS + 1)
    pictures = grey_pictures(legs[:, shown].reshape(-1, *images.shape[2:]))
    pictures = pictures.reshape(stops, len(shown), *pictures.shape[1:])
    side = (WIDTH - 2 * MARGIN - NAMES + GAP) / len(shown) - GAP
    figure = Figure(figsize=(WIDTH, 2 * MARGIN + ABOVE + stops * (side + GAP)))
    tiles = Tiles(figure, pictures, left=MARGIN + NAMES, top=MARGIN + ABOVE, side=side, gap=GAP)
    for column, step in enumerate(shown):
        tiles.above(column, f"{step / steps:.0%}")
    for row in range(stops):
        tiles.left_of(row, f"image {row} to\nimage {(row + 1) % stops}", NAMES)
    return figure
