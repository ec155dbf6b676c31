"""Figures as small and as full pictures beside the page."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

THUMBNAIL = 460  # pixels across
QUALITY = 80


@dataclass(frozen=True)
class Picture:
    """A figure's files, relative to the page, and the size (width, height) of its thumbnail."""

    name: str
    full: str
    thumbnail: str
    size: tuple[int, int]


def add_picture(png: Path, folder: Path, name: str) -> Picture:
    """Write a figure as ``figures/<name>.webp`` and as a thumbnail into the page's ``folder``."""
    full, small = f"figures/{name}.webp", f"figures/{name}_small.webp"
    (folder / full).parent.mkdir(parents=True, exist_ok=True)
    with Image.open(png) as image:
        picture = image.convert("RGB")
    picture.save(folder / full, quality=QUALITY)
    picture.thumbnail((THUMBNAIL, 4 * THUMBNAIL), Image.Resampling.LANCZOS)
    picture.save(folder / small, quality=QUALITY)
    return Picture(png.stem, full, small, picture.size)
