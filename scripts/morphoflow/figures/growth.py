"""What a generator makes of the same latents in the course of its training, or of a way."""

import numpy as np
from matplotlib.figure import Figure

from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.figures.grey import grey_pictures
from morphoflow.figures.montage import Tiles
from morphoflow.figures.style import in_style

WIDTH, MARGIN, NAMES, GAP = 7.2, 0.1, 0.9, 0.04  # inches
COLUMNS, ROWS = 7, 6


def shown_frames(size: np.ndarray) -> np.ndarray:
    """The rows (r,) of the last frame at each resolution of ``size`` (frames,), which grows.

    Where it does not grow, those of up to ``ROWS`` frames at even distances, the first and the last
    among them.
    """
    last = np.flatnonzero(np.append(np.diff(size) > 0, True))
    if len(last) > 1:
        return last
    return np.unique(np.linspace(0, len(size) - 1, ROWS).round().astype(int))


@in_style
def plot_growth(movie: Timelapse) -> Figure:
    """The frames of :func:`shown_frames`, a row each, with a column for each of a few latents."""
    rows = shown_frames(movie.size)
    images = movie.images[rows, :COLUMNS]
    columns = images.shape[1]
    pictures = grey_pictures(images.reshape(-1, *images.shape[2:]))
    pictures = pictures.reshape(*images.shape[:2], *pictures.shape[1:])
    side = (WIDTH - 2 * MARGIN - NAMES + GAP) / max(columns, 4) - GAP
    figure = Figure(figsize=(WIDTH, 2 * MARGIN + len(rows) * (side + GAP)))
    tiles = Tiles(figure, pictures, left=MARGIN + NAMES, top=MARGIN, side=side, gap=GAP)
    for i, row in enumerate(rows):
        size, step = movie.size[row], movie.step[row]
        tiles.left_of(i, f"{size} × {size}\n", NAMES, weight="bold", fontsize=8)
        tiles.left_of(i, f"\nstep {step:,}", NAMES, fontsize=7)
    return figure
