"""Statistics of the arbor in every image of a dataset, as a table and as a sample store."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.command import run
from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.provenance import provenance
from morphoflow.store import Samples, read_samples, write_samples
from morphoflow.tables import align_objects, read_objects, write_table

BLOCK = 256


def main(*, samples: Path, output: Path, features: Path, objects: Path | None = None) -> None:
    """Measure the images of ``samples``; lengths are in um if all pixel sizes are known.

    They are columns of ``objects``; without these, the store of the samples may name one for all.
    ``output`` is the table, ``features`` the store of the same numbers for models.
    """
    images = read_samples(samples)
    pixel_um = _of_all(images)
    if objects is not None:
        pixel_um = _pixel_um(align_objects(read_objects(objects), images.ids, str(samples)))
    table = _measured(images, pixel_um)
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
    print(f"{table.shape[1] - 1} statistics of {len(table)} images")


def _measured(images: Samples, pixel_um: np.ndarray | None) -> pd.DataFrame:
    """The statistics of all images, some of which are in memory at a time."""
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(images.ids), BLOCK)]
    sizes = [None if pixel_um is None else pixel_um[block] for block in blocks]
    tables = [
        arbor_statistics(np.asarray(images.x[block]), size)
        for block, size in zip(blocks, sizes, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


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
