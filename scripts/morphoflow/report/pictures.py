"""Figures as pictures beside the page."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

# Drawings are smaller without loss, photographs with some. A longer search for what repeats, which
# is the library's own choice, takes 1.6 times as long and makes all pictures of a demo 2 % smaller.
ENCODINGS = ({"lossless": True, "method": 2, "quality": 30}, {"quality": 80, "method": 2})


@dataclass(frozen=True)
class Picture:
    """A figure's file, relative to the page, with its size (width, height) in pixels."""

    name: str
    file: str
    size: tuple[int, int]


def add_picture(png: Path, folder: Path, name: str) -> Picture:
    """Write a figure as ``figures/<name>.webp`` into the page's ``folder``."""
    file = f"figures/{name}.webp"
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    with Image.open(png) as opened:
        image = opened.convert("RGB")
    made = []
    for encoding in ENCODINGS:
        stream = io.BytesIO()
        image.save(stream, "WEBP", **encoding)
        made.append(stream.getvalue())
    (folder / file).write_bytes(min(made, key=len))
    return Picture(png.stem, file, image.size)
