"""What a decoder makes of points on straight lines through an embedding."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import zarr
from matplotlib.figure import Figure

from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.keys import channel_key, channel_key_height
from morphoflow.figures.montage import Tiles, heading, shortened
from morphoflow.figures.style import in_style, remark
from morphoflow.store import read_ids

WIDTH, MARGIN, NAMES, GAP = 7.2, 0.1, 0.95, 0.03  # inches
TITLE, ABOVE, BETWEEN = 0.34, 0.06, 0.2  # inches
LARGEST = 0.85  # inches
MOST_ROWS = 8
APART = 0.12  # inches between a real crop and what is decoded


@dataclass(frozen=True)
class Paths:
    """Decoded points on lines through an embedding.

    ``traversals`` (a, s, c, h, w) at ``sd`` (s,) standard deviations along principal axes that
    carry ``share`` (a,) of the variance; ``interpolations`` (p, t, c, h, w) on the way from
    ``start`` to ``end`` (p, c, h, w), real objects with ``ids`` (p, 2).
    """

    traversals: np.ndarray
    sd: np.ndarray
    share: np.ndarray
    interpolations: np.ndarray
    start: np.ndarray
    end: np.ndarray
    ids: np.ndarray

    @classmethod
    def read(cls, shapes: zarr.Group) -> "Paths":
        """The first eight axes and pairs of a store of shapes."""
        along, between = shapes["traversals"], shapes["interpolations"]
        return cls(
            traversals=along["x"][:MOST_ROWS],
            sd=along["sd"][:],
            share=along["share"][:MOST_ROWS],
            interpolations=between["x"][:MOST_ROWS],
            start=between["start"][:MOST_ROWS],
            end=between["end"][:MOST_ROWS],
            ids=read_ids(between)[:MOST_ROWS],
        )


@in_style
def plot_traversals(paths: Paths, channels: list[str]) -> Figure:
    """Traversals of principal axes, a row an axis; below them interpolations, a row a pair."""
    a, s, _, h, w = paths.traversals.shape
    p, t = paths.interpolations.shape[:2]
    room = WIDTH - 2 * MARGIN - NAMES
    side = min(LARGEST, (room + GAP) / s - GAP)
    small = min(LARGEST, (room - 2 * APART + GAP) / (t + 2) - GAP)
    top = MARGIN + channel_key_height(channels)
    first = top + TITLE + ABOVE
    second = first + a * (side * h / w + GAP) + BETWEEN + TITLE
    height = (second + p * (small * h / w + GAP) if p else second - BETWEEN - TITLE) + MARGIN
    figure = Figure(figsize=(WIDTH, height))
    if a == 0:
        remark(figure.subplots(), "no traversals")
        return figure
    channel_key(figure, channels, MARGIN)
    # What is decoded has the contrast of real objects, or of itself where there are none.
    shown = np.concatenate([paths.start, paths.end]) if p else paths.traversals[0]
    limits = display_limits(shown, channels)
    draw = partial(composite, limits=limits, channels=channels)
    heading(figure, "along principal axes of the embedding", MARGIN, top)
    _draw_axes(figure, paths, draw, first, side)
    if p:
        heading(figure, "between two objects", MARGIN, second - TITLE)
        _draw_pairs(figure, paths, draw, second, small)
    return figure


def _draw_axes(figure: Figure, paths: Paths, draw: Callable, top: float, side: float) -> None:
    pictures = draw(paths.traversals)
    tiles = Tiles(figure, pictures, left=MARGIN + NAMES, top=top, side=side, gap=GAP)
    for column, sd in enumerate(paths.sd):
        tiles.above(column, "typical" if abs(sd) < 1e-9 else f"{sd:+.3g} sd".replace("-", "−"))
    for row, share in enumerate(paths.share):
        tiles.left_of(row, f"axis {row + 1}\n{share:.1%} of variance", NAMES)


def _draw_pairs(figure: Figure, paths: Paths, draw: Callable, top: float, side: float) -> None:
    left = MARGIN + NAMES
    ends = {name: draw(getattr(paths, name))[:, None] for name in ("start", "end")}
    first = Tiles(figure, ends["start"], left=left, top=top, side=side, gap=GAP)
    decoded = draw(paths.interpolations)
    left += side + APART
    middle = Tiles(figure, decoded, left=left, top=top, side=side, gap=GAP)
    left += middle.width + APART
    last = Tiles(figure, ends["end"], left=left, top=top, side=side, gap=GAP)
    first.above(0, "original")
    last.above(0, "original")
    steps = decoded.shape[1]
    for column in range(steps):
        share = column / max(1, steps - 1)
        middle.above(column, f"{share:.0%}")
    for row, (start, end) in enumerate(paths.ids):
        first.left_of(row, f"{shortened(start, 16)}\nto {shortened(end, 14)}", NAMES, fontsize=6)
