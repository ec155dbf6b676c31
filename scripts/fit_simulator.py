"""The simulator of arbors fitted to the images of a dataset, population by population."""

from pathlib import Path

import numpy as np
import pandas as pd
import zarr

from morphoflow.command import run
from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.fitting.fit import (
    COLUMNS,
    Fit,
    checks_table,
    differences_table,
    draws_table,
    enough,
    fits,
    intervals_table,
)
from morphoflow.dendrites.fitting.predicted import write_predicted
from morphoflow.dendrites.fitting.simulations import framed, statistics_used
from morphoflow.errors import CannotAnalyse
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import REASONS, align_objects, read_objects, without, write_table


def main(*, samples: Path, objects: Path, settings: dict, output: Path, predicted: Path) -> None:
    """Fit ``settings['parameters']`` to the images of each label; images without one are left out.

    ``output`` gets four tables, ``predicted`` images at draws from each posterior, and
    the tree of each as SWC in um.
    """
    names = settings["parameters"]
    images = read_samples(samples)
    table = align_objects(read_objects(objects), images.ids, str(samples))
    record = provenance(inputs=[samples, objects], settings=settings, seed=settings["seed"])
    found: list[Fit] = []
    frame = None
    try:
        level, frame = framed(images, table, settings["size"])
        observed, few = enough(_observed(level, table, frame.pixel_um))
        found = list(fits(observed, names, frame, settings))
        tables = _tables(found, names, few)
    except CannotAnalyse as reason:
        columns = {"draws": ("label", *names), **COLUMNS}
        tables = {name: without(columns[name], reason) for name in columns}
    for name, one in tables.items():
        write_table(output / f"{name}.parquet", one, record)
    write_predicted(predicted, found, names, frame, record)
    print(f"{len(names)} parameters of {len(found)} populations")


def _tables(found: list[Fit], names: list[str], few: dict[str, str]) -> dict[str, pd.DataFrame]:
    """All tables of fits; ``few`` are reasons why other populations have none."""
    tables = {
        "draws": draws_table(found, names),
        "intervals": intervals_table(found, names),
        "differences": differences_table(found, names),
        "checks": checks_table(found),
    }
    for reason in few.values():
        print(f"left out: {reason}")
    for table in tables.values():
        table.attrs[REASONS] = few
    return tables


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
