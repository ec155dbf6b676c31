"""Generated images beside real ones."""

import numpy as np
from matplotlib.figure import Figure

from morphoflow.colors import LABEL_COLORS
from morphoflow.figures.crop_rows import Crops, spaced
from morphoflow.figures.grey import grey_limits, grey_pictures
from morphoflow.figures.montage import Tiles, heading, in_lines
from morphoflow.figures.style import in_style

WIDTH, MARGIN, BETWEEN, TITLE, GAP = 7.2, 0.1, 0.2, 0.22, 0.04  # inches
COLUMNS, ROWS = 4, 5


@in_style
def plot_generated(generated: Crops, real: Crops) -> Figure:
    """The first generated images (left), and real ones evenly spaced in their order (right).

    Both are shown at the contrast of the real ones, from the levels at which half a percent of
    their pixels are darker and brighter.
    """
    most = COLUMNS * ROWS
    ours = generated.take(np.arange(min(most, len(generated.ids))))[:, 0]
    theirs = real.take(spaced(len(real.ids), most))[:, 0]
    limits = grey_limits(theirs)
    rows = -(-max(len(ours), len(theirs)) // COLUMNS)
    width = (WIDTH - 2 * MARGIN - BETWEEN) / 2
    side = (width + GAP) / COLUMNS - GAP
    figure = Figure(figsize=(WIDTH, 2 * MARGIN + TITLE + rows * (side + GAP)))
    sets = [(f"generated (n = {len(generated.ids):,})", ours, LABEL_COLORS[1])]
    sets += [(f"real (n = {len(real.ids):,})", theirs, LABEL_COLORS[0])]
    for i, (name, images, color) in enumerate(sets):
        left = MARGIN + i * (width + BETWEEN)
        heading(figure, name, left, MARGIN, color=color)
        pictures = in_lines(grey_pictures(images, limits), COLUMNS)
        Tiles(figure, pictures, left=left, top=MARGIN + TITLE, side=side, gap=GAP)
    return figure
