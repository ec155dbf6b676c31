"""Grey images side by side, with words below them: frames of movies and plain grids."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 4
BACKGROUND, TRACK, BRIGHT = 0, 70, 235
# DejaVu Sans comes with matplotlib, so that words look the same on every machine.
FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def columns_for(number: int) -> int:
    """Columns of a grid of ``number`` images that is about as wide as high, rather wider."""
    return int(np.ceil(np.sqrt(number)))


def resized(images: np.ndarray, largest: int) -> np.ndarray:
    """Square images (..., s, s) uint8 as large as possible within ``largest`` pixels a side.

    Each pixel is repeated, or blocks of pixels are averaged, so that no new pattern appears; ``s``
    is a power of two.
    """
    s = images.shape[-1]
    if s <= largest:
        return images.repeat(largest // s, axis=-2).repeat(largest // s, axis=-1)
    block = 2
    while s // block > largest:
        block *= 2
    parts = images.reshape(*images.shape[:-2], s // block, block, s // block, block)
    return np.rint(parts.mean(axis=(-3, -1))).astype(np.uint8)


def tiled(images: np.ndarray, width: int) -> np.ndarray:
    """Images (n, s, s) uint8 as one grid (h, w) at most ``width`` pixels wide, if they fit.

    Heights and widths are even, as movies need them.
    """
    columns = columns_for(len(images))
    images = resized(images, max(1, (width - GAP) // columns - GAP))
    rows, side = -(-len(images) // columns), images.shape[-1]
    grid = np.full((rows * columns, side + GAP, side + GAP), BACKGROUND, np.uint8)
    grid[: len(images), GAP:, GAP:] = images
    grid = grid.reshape(rows, columns, side + GAP, side + GAP)
    grid = grid.transpose(0, 2, 1, 3).reshape(rows * (side + GAP), columns * (side + GAP))
    high, wide = (n + GAP for n in grid.shape)
    return np.pad(grid, [(0, GAP + high % 2), (0, GAP + wide % 2)], constant_values=BACKGROUND)


def captioned(picture: np.ndarray, left: str, right: str, share: float) -> np.ndarray:
    """A picture (h, w) uint8 with words and a bar that is ``share`` full in a strip below it.

    The strip is as high as words need that stay readable at the picture's width.
    """
    width = picture.shape[1]
    size = max(11, min(22, width // 28))
    strip = Image.new("L", (width, 2 * size), BACKGROUND)
    draw, font = ImageDraw.Draw(strip), ImageFont.truetype(FONT, size)
    thick = max(2, size // 6)
    draw.rectangle([GAP, 0, width - GAP - 1, thick - 1], fill=TRACK)
    full = round(share * (width - 2 * GAP))
    if full:
        draw.rectangle([GAP, 0, GAP + full - 1, thick - 1], fill=BRIGHT)
    middle, edge = (strip.height + thick) / 2, GAP + size // 3
    draw.text((edge, middle), left, BRIGHT, font, anchor="lm")
    draw.text((width - edge, middle), right, BRIGHT, font, anchor="rm")
    return np.concatenate([picture, np.asarray(strip)])
