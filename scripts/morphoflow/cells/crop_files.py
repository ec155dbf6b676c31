"""Ready crops in one HDF5 file, with a table of their labels beside it."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd


def write_crops(
    folder: Path,
    x: np.ndarray,
    table: pd.DataFrame,
    *,
    channels: list[str],
    mask: np.ndarray | None = None,
) -> None:
    """Write ``crops.h5`` and ``labels.csv`` into a folder; equal content gives equal bytes.

    ``x`` (n, c, h, w) uint8 and ``mask`` (n, h, w) uint8, 255 inside, have one object a row, as has
    ``table``, whose columns begin with id, label and group.
    """
    with h5py.File(folder / "crops.h5", "w") as file:
        file.attrs["channels"] = channels
        file.create_dataset("x", data=x, track_times=False)
        if mask is not None:
            file.create_dataset("mask", data=mask, track_times=False)
        for name in ("id", "label", "group"):
            texts = table[name].astype(str).tolist()
            file.create_dataset(name, data=texts, dtype=h5py.string_dtype(), track_times=False)
    table.to_csv(folder / "labels.csv", index=False, lineterminator="\n")
