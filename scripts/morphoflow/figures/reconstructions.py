"""Crops beside what a model made of them."""

from dataclasses import dataclass

import numpy as np
import zarr
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import spaced
from morphoflow.figures.keys import channel_key, channel_key_height
from morphoflow.figures.montage import Tiles, shortened
from morphoflow.figures.style import in_style, remark
from morphoflow.store import read_ids

WIDTH, MARGIN, NAMES, RIGHT, GAP = 7.2, 0.1, 0.85, 0.6, 0.04  # inches
ABOVE, BELOW = 0.3, 0.33  # inches for words
MOST, FEWEST = 9, 5
SIGNED = colormaps["RdBu_r"]
ROWS = ("original", "decoded", "turned onto\nthe original", "difference")


@dataclass(frozen=True)
class Reconstructions:
    """Crops (m, c, h, w) and what a model made of them, a row an object.

    ``decoded`` is in the decoder's own pose, ``aligned`` the same flipped where ``flip`` (m,) and
    then turned by ``angle_deg`` (m,) onto ``original``; ``error`` (m,) is the model's own measure.
    """

    ids: np.ndarray
    original: np.ndarray
    decoded: np.ndarray
    aligned: np.ndarray
    angle_deg: np.ndarray
    flip: np.ndarray
    error: np.ndarray

    @property
    def any_turned(self) -> bool:
        """Whether the model turned or flipped any of them."""
        return bool(self.flip.any() or self.angle_deg.any())

    @classmethod
    def read(cls, group: zarr.Group, most: int) -> "Reconstructions":
        """At most ``most`` of the reconstructions of a store of shapes, evenly spaced by error."""
        error = group["error"][:]
        rows = ranked_by_error(error, most)
        stacks = {name: group[name][np.sort(rows)] for name in ("original", "decoded", "aligned")}
        place = np.argsort(np.argsort(rows))
        columns = {name: group[name][:][rows] for name in ("angle_deg", "flip")}
        return cls(
            ids=read_ids(group)[rows],
            error=error[rows],
            **{name: stack[place] for name, stack in stacks.items()},
            **columns,
        )


def ranked_by_error(error: np.ndarray, most: int) -> np.ndarray:
    """At most ``most`` rows from the least to the largest ``error`` (m,), evenly spaced by rank."""
    return np.argsort(error, kind="stable")[spaced(len(error), most)]


def largest_difference(original: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``other`` less ``original`` (m, c, h, w), of the channel that differs most: (m, h, w)."""
    difference = other - original
    channel = np.abs(difference).argmax(axis=1)[:, None]
    return np.take_along_axis(difference, channel, axis=1)[:, 0]


@in_style
def plot_reconstructions(made: Reconstructions, channels: list[str]) -> Figure:
    """Original, decoded, aligned and difference of objects in the order of their error.

    Without the aligned ones where the model turned and flipped none.
    """
    n, _, h, w = made.original.shape
    rows = ROWS if made.any_turned else (*ROWS[:2], ROWS[3])
    side = (WIDTH - MARGIN - NAMES - RIGHT + GAP) / max(n, FEWEST) - GAP
    top = MARGIN + ABOVE + channel_key_height(channels)
    figure = Figure(figsize=(WIDTH, top + len(rows) * (side * h / w + GAP) + BELOW + MARGIN))
    if n == 0:
        remark(figure.subplots(), "no test objects to reconstruct")
        return figure
    channel_key(figure, channels, MARGIN)
    limits = display_limits(made.original, channels)
    stacks = dict(zip(ROWS, (made.original, made.decoded, made.aligned), strict=False))
    difference = largest_difference(made.original, made.aligned)
    bound = max(0.1, np.ceil(10 * np.abs(difference).max()) / 10)
    pictures = [composite(stacks[name], limits, channels) for name in rows[:-1]]
    pictures = np.stack([*pictures, SIGNED((1 + difference / bound) / 2)[..., :3]])
    tiles = Tiles(figure, pictures, left=MARGIN + NAMES, top=top, side=side, gap=GAP)
    for row, name in enumerate(rows):
        tiles.left_of(row, name, NAMES, fontsize=7.5)
    _write_errors(tiles, made)
    _bar(figure, tiles, bound)
    return figure


def _write_errors(tiles: Tiles, made: Reconstructions) -> None:
    """The error above each column, and the turn and the id below it."""
    n = len(made.ids)
    for column in range(n):
        place = {0: "best\n", n - 1: "worst\n"}.get(column, "") if n > 1 else ""
        tiles.above(column, f"{place}{made.error[column]:.3g}")
        turn = f"{made.angle_deg[column]:.0f}°{', flip' if made.flip[column] else ''}\n"
        name = shortened(made.ids[column], 11)
        tiles.below(tiles.rows - 1, column, f"{turn * made.any_turned}{name}", fontsize=6)
    style = {"textcoords": "offset points", "fontsize": 7.5, "va": "bottom"}
    tiles.axes.annotate("error", (0, 0), (-72 * NAMES, 2), **style)


def _bar(figure: Figure, tiles: Tiles, bound: float) -> None:
    """The colours of differences from ``-bound`` to ``bound``, beside their row."""
    tall = tiles.axes.get_ylim()[0]
    place = (1 + 0.08 / tiles.width, 0, 0.07 / tiles.width, tiles.size[1] / tall)
    colors = ScalarMappable(Normalize(-bound, bound), SIGNED)
    bar = figure.colorbar(colors, cax=tiles.axes.inset_axes(place), ticks=[-bound, 0, bound])
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=6.5, length=2)
