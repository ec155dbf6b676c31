"""What crops are to be made, and a block of crops that have been made."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from morphoflow.reading.findings import Finding, Refused
from morphoflow.store import CHUNK_BYTES

MEASURES = {
    "image": object,
    "centroid_x_px": float,
    "centroid_y_px": float,
    "area_px": float,
    "area_um2": float,
    "pixel_size_um": float,
    "touches_border": bool,
    "crop_clipped": bool,
    "crop_scale": float,
}

COLUMNS = {"id": object, "source": object, "label": object, "group": object, **MEASURES}

MISSING = {object: None, float: np.nan, bool: False}

# Columns by name: a table of pandas for each small file takes longer than the file.
Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class CropSettings:
    """How crops are cut from images; ready crops are subject to ``size`` and ``range`` alone.

    ``size`` is the side of a crop in pixels. ``scale`` is ``fixed`` (with ``pixel_um``, images are
    brought to that pixel size) or ``object``: the mask's pixel farthest from the centre lies at
    ``fill`` times half the side. ``centre`` is the centre of mass of the ``mask`` or of the
    ``intensity`` within it. Outside of the ``mask`` the ``background`` is set to zero or, with
    ``median``, to the median of the image beside its objects, or ``keep``;
    objects at the image's border are ``keep``, ``mark`` (and in no cluster) or ``drop``. ``range``
    brings values to 0..1: between ``percentiles`` of the ``dataset``, an ``image`` or ``object``,
    or by the largest value of an integer ``type``. Objects of fewer than ``min_area`` pixels are
    left out; ``pieces`` says what becomes of a label in several pieces: ``largest``, ``split`` or
    ``keep``.
    """

    size: int
    scale: str
    fill: float
    centre: str
    background: str
    border: str
    range: str
    percentiles: tuple[float, float]
    pixel_um: float | None = None
    min_area: int = 10
    pieces: str = "largest"


@dataclass(frozen=True)
class Block:
    """Crops of one file: ``x`` (k, c, size, size) float32, ``mask`` (k, size, size) uint8 or None.

    ``rows`` holds the columns (k,) of COLUMNS.
    """

    x: np.ndarray
    mask: np.ndarray | None
    rows: Rows
    channels: list[str] | None


def block_rows(n_channels: int, size: int) -> int:
    """How many crops are held in memory together: as many as a chunk of the store has."""
    return max(1, CHUNK_BYTES // (4 * n_channels * size**2))


def as_rows(ids: list[str], source: str, **columns) -> Rows:
    """Rows of the object table; a measure that is not given is missing, or False for flags."""
    given = {"id": ids, "source": source, "group": ids, **columns}
    rows = {
        name: np.full(len(ids), given.get(name, MISSING[kind]), dtype=kind)
        for name, kind in COLUMNS.items()
    }
    return rows | {"area_um2": rows["area_px"] * rows["pixel_size_um"] ** 2}


def take(rows: Rows, chosen: np.ndarray | slice) -> Rows:
    """The chosen rows."""
    return {name: values[chosen] for name, values in rows.items()}


def joined_rows(blocks: list[Rows]) -> Rows:
    """The rows of many blocks together."""
    return {name: np.concatenate([rows[name] for rows in blocks]) for name in blocks[0]}


def as_table(blocks: list[Rows]) -> pd.DataFrame:
    """The rows of many blocks as one table."""
    return pd.DataFrame(joined_rows(blocks))


def digest(pixels: np.ndarray, *further: np.ndarray) -> bytes:
    """What is the same for equal arrays, and for no others."""
    made = hashlib.sha256(f"{pixels.shape} {pixels.dtype}".encode())
    for array in (pixels, *further):
        made.update(np.ascontiguousarray(array))
    return made.digest()


# What a source is made of: files that are read one after another.


# Values (c, m) of each channel, and the row (m,) of the object that each lies in, -1 for none.
Pool = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Survey:
    """What is known of a file before crops are made of it.

    ``rows`` holds the columns of COLUMNS of its objects, and ``digest``, the same for objects whose
    pixels are. ``pools`` are some of its values: of all of it, and of objects alone.
    """

    rows: Rows
    pools: list[Pool]


@dataclass(frozen=True)
class Item:
    """One file, or an image with its mask: ``read`` yields its crops and notes its findings.

    ``read`` takes the limits (2, c) of the dataset, or None with another range, and the list of
    findings. ``survey`` takes about how many values a channel its pools are to have. Both raise
    Refused for a file that cannot be used; whatever takes memory or time happens in them.
    ``has_mask`` says whether the blocks have masks.
    """

    file: str
    has_mask: bool
    read: Callable[[np.ndarray | None, list[Finding]], Iterator[Block]]
    survey: Callable[[int], Survey]


def refused_item(file: str, code: str, message: str) -> Item:
    """A file that cannot be used, which is known before it is opened."""

    def read(*_: object) -> Iterator[Block]:
        raise Refused(code, message)

    return Item(file, True, read, read)


def scale_of(
    source: dict, pixel_size_um: float | None, pixel_um: float | None, scale: str
) -> float:
    """Crop pixels per pixel of the source: its ``zoom``, or what brings it to ``pixel_um``."""
    if pixel_um is None or scale == "object":
        return source.get("zoom") or 1.0
    if pixel_size_um is None:
        raise Refused("pixel_size_unknown", "`pixel_um` is set, but its pixel size is not known")
    return pixel_size_um / pixel_um


def ready_scale(
    source: dict, pixel_size_um: float | None, sides: tuple[int, int], settings: CropSettings
) -> float:
    """Crop pixels per pixel of a ready crop of these ``sides``.

    With the scale ``object`` its longer side becomes that of a crop.
    """
    if settings.scale == "object":
        return settings.size / max(sides)
    return scale_of(source, pixel_size_um, settings.pixel_um, settings.scale)


def name_of(file: Path, folder: Path, source: dict) -> str:
    """How a file is called in the tables: by its path in the folder, and the source's name."""
    path = PurePosixPath(file.relative_to(folder))
    return str(source["name"] / path if "name" in source else path)
