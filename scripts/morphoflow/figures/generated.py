"""Generated images beside real ones."""

import numpy as np
from matplotlib.figure import Figure

from morphoflow.colors import LABEL_COLORS
from morphoflow.figures.crop_rows import Crops, spaced
from morphoflow.figures.grey import grey_limits, grey_pictures
from morphoflow.figures.montage import Tiles, heading, in_lines, shortened
from morphoflow.figures.style import in_style

WIDTH, MARGIN, BETWEEN, TITLE, GAP = 7.2, 0.1, 0.2, 0.22, 0.04  # inches
COLUMNS, ROWS = 4, 5
LONGEST = 16  # letters that fit into a picture


def classes_in(ids: np.ndarray) -> list[str] | None:
    """The class that each generated image was made for, with which its id ends, if there are any.

    An id is generated_00000, or generated_00000_<class>.
    """
    parts = [identifier.split("_", 2) for identifier in ids]
    return [words[2] for words in parts] if all(len(words) == 3 for words in parts) else None


@in_style
def plot_generated(generated: Crops, real: Crops, labels: list | None = None) -> Figure:
    """The first generated images (left), and real ones evenly spaced in their order (right).

    Both are shown at the contrast of the real ones, from the levels at which half a percent of
    their pixels are darker and brighter. Where images were made for classes their names stand in
    them, and the ``labels`` (n,) of the real ones.
    """
    most = COLUMNS * ROWS
    chosen = np.arange(min(most, len(generated.ids))), spaced(len(real.ids), most)
    ours, theirs = (of.take(rows)[:, 0] for of, rows in zip((generated, real), chosen, strict=True))
    classes = classes_in(generated.ids)
    named = (classes, labels) if classes is not None else (None, None)
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
        tiles = Tiles(figure, pictures, left=left, top=MARGIN + TITLE, side=side, gap=GAP)
        for place, row in enumerate(chosen[i] if named[i] is not None else ()):
            tiles.within(*divmod(place, COLUMNS), shortened(str(named[i][row]), LONGEST))
    return figure
