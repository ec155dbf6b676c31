"""Small pictures of objects, as one sheet that goes into a page."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import Crops, spaced
from morphoflow.forest import Forest

SIDE = 64
# Pictures of fewer objects are larger, as far as there is room and they have the pixels.
SIDES = (256, 128, SIDE)
# Sheets of as many are some 4 MB; beyond, an even sample of the objects has a picture.
MOST = 4000
# Pixels of a sheet along its longer edge: WebP takes 16383.
WIDTH = 64 * SIDE
QUALITY = 75


@dataclass(frozen=True)
class Sheet:
    """Pictures of ``side`` pixels in rows of ``columns``; ``place`` (n,) int32 is that of each
    object's, -1 where it has none; ``url`` holds the sheet itself, empty without any.
    """

    place: np.ndarray
    url: str
    side: int = SIDE

    @property
    def columns(self) -> int:
        """How many pictures are in a row."""
        return WIDTH // self.side


def sheet_of_crops(path: Path, ids: np.ndarray) -> Sheet:
    """The pictures of the objects ``ids`` (n,) in a store of crops, all with one contrast."""
    crops = Crops.read(path)
    rows = {name: row for row, name in enumerate(crops.ids)}
    with_picture = np.array([i for i, name in enumerate(ids) if name in rows], dtype=int)
    chosen = with_picture[spaced(len(with_picture), MOST)]
    if not len(chosen):
        return Sheet(np.full(len(ids), -1, np.int32), "")
    side = _side(len(chosen), max(crops.x.shape[2:]))
    small = crops.select(ids[chosen]).take_small(np.arange(len(chosen)), side)
    limits = display_limits(small, crops.channels)
    pictures = (composite(small, limits, crops.channels) * 255).astype(np.uint8)
    return _sheet(len(ids), chosen, [Image.fromarray(picture) for picture in pictures], side)


def sheet_of_neurons(path: Path, ids: np.ndarray) -> Sheet:
    """The neurons ``ids`` (n,) of a forest from the front, each as large as there is room."""
    forest = Forest.read(path)
    rows = {name: row for row, name in enumerate(forest.ids)}
    with_picture = np.array([i for i, name in enumerate(ids) if name in rows], dtype=int)
    chosen = with_picture[spaced(len(with_picture), MOST)]
    side = _side(len(chosen), SIDES[0])
    drawn = [_drawn(forest.neuron(rows[ids[i]]), side) for i in chosen]
    return _sheet(len(ids), chosen, drawn, side)


def _side(number: int, pixels: int) -> int:
    """The largest of ``SIDES`` of which there is room for a ``number``, with no more ``pixels``."""
    room = [side for side in SIDES if number * side**2 <= MOST * SIDE**2 and side <= pixels]
    return room[0] if room else SIDE


def _drawn(neuron: Forest, side: int) -> Image.Image:
    """The segments of a neuron, white on black, y upwards, at twice the size for smooth lines."""
    picture = Image.new("L", (2 * side, 2 * side))
    xy = neuron.xyz[:, :2] * [1, -1]
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = (2 * side - 8) / max(float((high - low).max()), 1e-9)
    points = (xy - (low + high) / 2) * scale + side
    pen = ImageDraw.Draw(picture)
    child = np.flatnonzero(neuron.parent >= 0)
    for start, stop in zip(points[neuron.parent[child]], points[child], strict=True):
        pen.line([*start, *stop], fill=255, width=2)
    return picture


def _sheet(n: int, chosen: np.ndarray, pictures: list[Image.Image], side: int) -> Sheet:
    place = np.full(n, -1, np.int32)
    place[chosen] = np.arange(len(chosen))
    if not pictures:
        return Sheet(place, "")
    columns = WIDTH // side
    lines = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (min(columns, len(pictures)) * side, lines * side))
    for i, picture in enumerate(pictures):
        left, top = i % columns * side, i // columns * side
        sheet.paste(picture.resize(_fitted(picture.size, side)), (left, top))
    stream = io.BytesIO()
    sheet.save(stream, "WEBP", quality=QUALITY)
    url = "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
    return Sheet(place, url, side)


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The largest size of the same proportions that fits a square of the sheet."""
    width, height = size
    return max(1, side * width // max(size)), max(1, side * height // max(size))
