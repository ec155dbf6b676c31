"""The simulator of arbors fitted to the images of a dataset, population by population."""

from pathlib import Path

import numpy as np
import pandas as pd
import zarr

from morphoflow.command import run
from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.fitting.fit import (
    checks_table,
    differences_table,
    draws_table,
    fits,
    intervals_table,
)
from morphoflow.dendrites.fitting.predicted import write_predicted
from morphoflow.dendrites.fitting.simulations import framed, statistics_used
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, write_table

TABLES = ("draws", "intervals", "differences", "checks")


def main(*, samples: Path, objects: Path, settings: dict, output: Path, predicted: Path) -> None:
    """Fit ``settings['parameters']`` to the images of each label; images without one are left out.

    ``output`` gets the tables of TABLES, ``predicted`` images at draws from each posterior, and
    the tree of each as SWC in um.
    """
    names = settings["parameters"]
    images = read_samples(samples)
    table = align_objects(read_objects(objects), images.ids, str(samples))
    level, frame = framed(images, table, settings["size"])
    found = list(fits(_observed(level, table, frame.pixel_um), names, frame, settings))
    record = provenance(inputs=[samples, objects], settings=settings, seed=settings["seed"])
    tables = (
        draws_table(found, names),
        intervals_table(found, names),
        differences_table(found, names),
        checks_table(found),
    )
    for name, one in zip(TABLES, tables, strict=True):
        write_table(output / f"{name}.parquet", one, record)
    write_predicted(predicted, found, names, frame, record)
    print(f"{len(names)} parameters of {len(found)} populations")


def _observed(level: zarr.Array, table: pd.DataFrame, pixel_um: float) -> dict[str, np.ndarray]:
    """The statistics of the images of each label, or of all where there are no labels."""
    labels = (
        table["label"].fillna("" if table["label"].notna().any() else "all").to_numpy(dtype=str)
    )
    return {
        label: statistics_used(
            arbor_statistics(np.asarray(level.oindex[labels == label]), pixel_um)
        )
        for label in np.unique(labels[labels != ""])
    }


if __name__ == "__main__":
    run(main)
