"""What crops are to be made, and a block of crops that have been made."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
    ``intensity`` within it. ``background`` is set to zero outside the ``mask`` or ``keep``;
    objects at the image's border are ``keep`` or ``drop``. ``range`` brings values to 0..1: by the
    largest value of an integer ``type``, or between ``percentiles`` of an ``image`` or ``object``.
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


def as_table(blocks: list[Rows]) -> pd.DataFrame:
    """The rows of many blocks as one table."""
    columns = {name: np.concatenate([rows[name] for rows in blocks]) for name in blocks[0]}
    return pd.DataFrame(columns)
