"""The crops that a figure draws, and nothing more, from a store of many."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import zarr

from morphoflow.errors import InputError
from morphoflow.store import read_samples

# Crops that are read at a time where they are shrunk.
BATCH = 64


@dataclass(frozen=True)
class Crops:
    """Objects with ``ids`` (n,) and their crops, read only where they are taken.

    ``x`` (m, c, h, w) in 0..1 holds their crops at ``rows`` (n,), or in their order where that is
    None. ``channels`` (c,) are names; ``pixel_size_um`` is None where unknown or not the same.
    """

    x: zarr.Array | np.ndarray
    ids: np.ndarray
    channels: list[str]
    pixel_size_um: float | None = None
    rows: np.ndarray | None = None

    @classmethod
    def read(cls, path: Path) -> "Crops":
        """Open a sample store of the form ``crops``."""
        samples = read_samples(path)
        if len(samples.x.shape) != 4:
            raise InputError(
                f"{path} holds samples of shape {samples.x.shape}, not crops (n, c, h, w); "
                f"give the store of crops."
            )
        facts = samples.attributes
        channels = facts.get("channels") or [f"channel {i + 1}" for i in range(samples.x.shape[1])]
        return cls(samples.x, samples.ids, list(channels), facts.get("pixel_size_um"))

    def select(self, ids: np.ndarray) -> "Crops":
        """The crops of objects in the order of ``ids``; InputError for one that has no crop."""
        row = {identifier: i for i, identifier in enumerate(self.ids)}
        for identifier in ids:
            if identifier not in row:
                raise InputError(f"the crops lack '{identifier}'; remake the results of this run.")
        rows = np.array([row[identifier] for identifier in ids], dtype=int)
        return replace(self, ids=np.asarray(ids), rows=rows)

    def take(self, chosen: np.ndarray) -> np.ndarray:
        """The crops (m, c, h, w) float32 of objects ``chosen`` (m,) by place, each read once."""
        rows = np.asarray(chosen) if self.rows is None else self.rows[chosen]
        distinct, inverse = np.unique(rows, return_inverse=True)
        return np.asarray(self.x[distinct], dtype=np.float32)[inverse]

    def take_small(self, chosen: np.ndarray, largest: int) -> np.ndarray:
        """As :meth:`take`, shrunk by a whole number to at least ``largest`` pixels a side."""
        pieces = [
            shrink(self.take(chosen[start : start + BATCH]), largest)
            for start in range(0, max(1, len(chosen)), BATCH)
        ]
        return np.concatenate(pieces)


def shrink(crops: np.ndarray, largest: int) -> np.ndarray:
    """Means of blocks of crops (n, c, h, w), of as many pixels as leave ``largest`` a side or more.

    What does not fill a block is cut off evenly at both sides.
    """
    n, c, h, w = crops.shape
    block = max(1, min(h, w) // largest)
    rows, columns = h // block, w // block
    top, left = (h - rows * block) // 2, (w - columns * block) // 2
    cut = crops[:, :, top : top + rows * block, left : left + columns * block]
    return cut.reshape(n, c, rows, block, columns, block).mean(axis=(3, 5))


def spaced(n: int, most: int) -> np.ndarray:
    """At most ``most`` of the ranks 0..n-1, evenly spaced, the first and the last among them.

    A single one is the middle rank.
    """
    if most == 1 and n > 0:
        return np.array([(n - 1) // 2])
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
