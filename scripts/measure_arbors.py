"""The arbor in every image of a dataset: statistics as a table and a store, and its tree."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.command import run
from morphoflow.dendrites.arbors.arbors import statistics_of
from morphoflow.dendrites.arbors.tracing import trace, tree
from morphoflow.forest import Forest, concatenate
from morphoflow.manifest import list_files
from morphoflow.provenance import provenance
from morphoflow.store import Samples, read_samples, write_samples
from morphoflow.swc_files import write_archive, write_swc
from morphoflow.tables import align_objects, read_objects, write_table

BLOCK = 256


def main(
    *,
    samples: Path,
    output: Path,
    features: Path,
    trees: Path,
    objects: Path | None = None,
) -> None:
    """Measure the images of ``samples``; lengths are in um if all pixel sizes are known.

    They are columns of ``objects``; without these, the store of the samples may name one for all.
    ``output`` is the table, ``features`` the store of the same numbers for models, and ``trees``
    an archive with the tracing of each image as SWC in um, empty where pixel sizes are unknown.
    """
    images = read_samples(samples)
    pixel_um = _of_all(images)
    if objects is not None:
        pixel_um = _pixel_um(align_objects(read_objects(objects), images.ids, str(samples)))
    table, traced = _measured(images, pixel_um)
    inputs = [samples] if objects is None else [samples, objects]
    record = provenance(inputs=inputs, settings={})
    table.insert(0, "id", images.ids)
    write_table(output, table, record)
    write_samples(
        features,
        images.ids,
        table.drop(columns="id").to_numpy(dtype=np.float32),
        axes=["object", "feature"],
        units="as each name says",
        names=list(table.columns[1:]),
        provenance=record,
    )
    if traced:
        write_swc(trees, concatenate(traced))
    else:
        write_archive(trees, {})
    list_files([trees], record)
    print(f"{table.shape[1] - 1} statistics of {len(table)} images, {len(traced)} trees")


def _measured(images: Samples, pixel_um: np.ndarray | None) -> tuple[pd.DataFrame, list[Forest]]:
    """The statistics of all images and their trees, some of the images in memory at a time."""
    tables, traced = [], []
    for begin in range(0, len(images.ids), BLOCK):
        block = slice(begin, begin + BLOCK)
        found = [trace(image) for image in np.asarray(images.x[block])[:, 0]]
        size = None if pixel_um is None else pixel_um[block]
        tables.append(statistics_of(found, size))
        if size is not None:
            traced += map(tree, found, images.ids[block], size)
    return pd.concat(tables, ignore_index=True), [one for one in traced if one is not None]


def _of_all(images: Samples) -> np.ndarray | None:
    """The pixel size that the store names for all its images, as (n,), or None."""
    size = images.attributes.get("pixel_um")
    return None if size is None else np.full(len(images.ids), float(size))


def _pixel_um(objects: pd.DataFrame) -> np.ndarray | None:
    """The size of a pixel of each object's image in um, (n,), or None if that of one is unknown."""
    if "pixel_um" not in objects or objects["pixel_um"].isna().any():
        return None
    return objects["pixel_um"].to_numpy(dtype=float)


if __name__ == "__main__":
    run(main)
