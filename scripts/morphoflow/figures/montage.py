"""Many pictures side by side in one image, with words beside them."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from morphoflow.colors import DARK
from morphoflow.figures.scale import round_length, scale_bar

SMALL = 6.5
TRIMMED = "…"
# Pictures of fewer pixels an inch are enlarged, so that gaps can be of any width.
FINEST = 150


class Tiles:
    """Pictures (r, k, h, w, 3) in 0..1 on a figure, drawn as one image; NaN is white.

    ``left`` and ``top`` are inches from the figure's upper left corner, ``side`` is a picture's
    width in inches, ``gap`` the inches between pictures. Places on ``axes`` are in pixels times
    ``unit``, x to the right and y down; ``width`` and ``height``
    are in inches, ``rows`` is r.
    """

    def __init__(
        self,
        figure: Figure,
        pictures: np.ndarray,
        *,
        left: float,
        top: float,
        side: float,
        gap: float = 0.04,
        unit: float = 1.0,
    ) -> None:
        self.rows, w = pictures.shape[0], pictures.shape[3]
        pictures = enlarged(pictures, math.ceil(side * FINEST))
        unit *= w / pictures.shape[3]
        h, w = pictures.shape[2:4]
        between = max(1, round(w * gap / side))
        image = montage(pictures, between)
        self.size = np.array([w, h]) * unit
        self.step = self.size + between * unit
        self.width, self.height = image.shape[1] * side / w, image.shape[0] * side / w
        self.axes = add_axes(figure, left, top, self.width, self.height)
        extent = (0, image.shape[1] * unit, image.shape[0] * unit, 0)
        self.axes.imshow(image, extent=extent, aspect="auto")
        self.axes.set_axis_off()
        self.axes.autoscale(False)

    def corner(self, row: int, column: int) -> np.ndarray:
        """The upper left corner (x, y) of a picture on the axes."""
        return self.step * [column, row]

    def above(self, column: int, text: str, **style) -> None:
        """Words over the middle of a column."""
        x = self.corner(0, column)[0] + self.size[0] / 2
        self._say(text, (x, 0), (0, 2), **{"ha": "center", "va": "bottom", **style})

    def below(self, row: int, column: int, text: str, **style) -> None:
        """Words under the middle of a picture."""
        x, y = self.corner(row, column) + self.size * [0.5, 1]
        self._say(text, (x, y), (0, -2), **{"ha": "center", "va": "top", **style})

    def within(self, row: int, column: int, text: str) -> None:
        """White words on dark at the lower edge of a picture."""
        x, y = self.corner(row, column) + self.size * [0.5, 1]
        ground = {"facecolor": "black", "alpha": 0.6, "linewidth": 0, "pad": 0.8}
        self._say(text, (x, y), (0, 2), ha="center", va="bottom", color="white", bbox=ground)

    def left_of(self, row: int, text: str, inches: float, **style) -> None:
        """Words that begin ``inches`` left of a row, beside its middle."""
        y = self.corner(row, 0)[1] + self.size[1] / 2
        self._say(text, (0, y), (-72 * inches, 0), **{"ha": "left", "va": "center", **style})

    def bar_below(self, row: int) -> None:
        """A scale bar under the first picture of a row, where places are in um."""
        x, y = self.corner(row, 0) + self.size * [0, 1.06]
        scale_bar(self.axes, (x, y), round_length(0.9 * self.size[0]))
        for line, text in zip(self.axes.lines, self.axes.texts[-1:], strict=True):
            line.set_clip_on(False)
            text.set_annotation_clip(False)

    def _say(self, text: str, at: tuple, offset: tuple, **style) -> None:
        style = {"fontsize": SMALL, "linespacing": 1.15, **style}
        self.axes.annotate(text, at, offset, textcoords="offset points", **style)


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes of ``width`` and ``height`` inches, ``left`` and ``top`` inches from those edges."""
    across, upright = figure.get_size_inches()
    place = (left / across, 1 - (top + height) / upright, width / across, height / upright)
    return figure.add_axes(place)


def enlarged(pictures: np.ndarray, least: int) -> np.ndarray:
    """Pictures (r, k, h, w, 3), each pixel repeated until they are ``least`` pixels wide."""
    times = -(-least // pictures.shape[3])
    return pictures.repeat(times, axis=2).repeat(times, axis=3)


def montage(pictures: np.ndarray, gap: int) -> np.ndarray:
    """Pictures (r, k, h, w, 3) in 0..1 as one (r (h + gap) - gap, k (w + gap) - gap, 3) uint8."""
    rows, columns, h, w, _ = pictures.shape
    room = np.full((rows, columns, h + gap, w + gap, 3), 255, dtype=np.uint8)
    room[:, :, :h, :w] = np.rint(255 * np.nan_to_num(pictures, nan=1.0))
    joined = room.transpose(0, 2, 1, 3, 4).reshape(rows * (h + gap), columns * (w + gap), 3)
    return joined[: rows * (h + gap) - gap, : columns * (w + gap) - gap]


def in_rows(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Rows of pictures, each (k, h, w, 3) with k at most ``columns``, as (r, columns, h, w, 3).

    Places without a picture are NaN.
    """
    filled = np.full((len(pictures), columns, *pictures[0].shape[1:]), np.nan, np.float32)
    for row, images in zip(filled, pictures, strict=True):
        row[: len(images)] = images
    return filled


def in_lines(pictures: np.ndarray, columns: int) -> np.ndarray:
    """Pictures (m, h, w, 3) in lines of ``columns``, as (r, columns, h, w, 3); see `in_rows`."""
    return in_rows(np.split(pictures, range(columns, len(pictures), columns)), columns)


def framed(pictures: np.ndarray, colors: list[str], share: float = 0.05) -> np.ndarray:
    """Pictures (m, h, w, 3) each inside a frame of its colour, ``share`` of its width thick."""
    thick = max(1, round(share * pictures.shape[2]))
    around = np.pad(pictures, [(0, 0), (thick, thick), (thick, thick), (0, 0)])
    rgb = np.array([to_rgb(color) for color in colors], np.float32).reshape(-1, 1, 1, 3)
    edge = np.ones(around.shape[1:3], dtype=bool)
    edge[thick:-thick, thick:-thick] = False
    return np.where(edge[None, :, :, None], rgb, around)


def shortened(text: str, most: int) -> str:
    """A text of at most ``most`` letters that keeps its end, where ids differ."""
    return text if len(text) <= most else TRIMMED + text[len(text) - most + 1 :]


def clipped(text: str, most: int) -> str:
    """A text of at most ``most`` letters that keeps its beginning."""
    return text if len(text) <= most else text[: most - 1] + TRIMMED


def heading(figure: Figure, text: str, left: float, top: float, **style) -> None:
    """A heading that begins ``left`` and ``top`` inches from the figure's upper left corner."""
    across, upright = figure.get_size_inches()
    style = {"weight": "bold", "va": "top", "color": DARK, **style}
    figure.text(left / across, 1 - top / upright, text, **style)
