"""The parts' shape measures joined with neighbours and contacts, and the density of objects."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.command import run
from morphoflow.organelles.counting.density import density_map, neighbours, touching
from morphoflow.organelles.counting.objects import with_pieces
from morphoflow.organelles.counting.order import objects_of_part
from morphoflow.organelles.shapes.measures import (
    NM_PER_UM,
    join_measures,
    measure_objects,
    without_falsified,
    write_features,
)
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.provenance import provenance
from morphoflow.tables import read_objects, read_table, write_table


def main(
    *,
    source: dict,
    objects: Path,
    contacts: Path,
    measures: list[Path],
    counted: Path,
    settings: dict,
    legacy: bool,
    shapes: Path,
    features: Path,
    density: Path,
    quality: Path,
) -> None:
    """Join ``measures``, the parts' tables, into ``shapes`` and the sample store ``features``.

    What was found as objects were ``counted`` becomes ``quality`` with what was found since.

    Without parts the objects are measured here, with the published features where
    ``legacy``. ``settings`` hold ``neighbour_radius_um``, ``density_cell_um`` and ``border``.
    """
    table, volume = read_objects(objects), open_source(source)
    parts = [read_table(path) for path in measures]
    if not parts:
        parts = [measure_objects(volume, objects_of_part(table, 0, 1), legacy=legacy)]
    table = join_measures(table, parts)
    around = neighbours(table, settings["neighbour_radius_um"])
    table = pd.concat([table, around, touching(table, read_table(contacts))], axis=1)
    voxel, used = np.array(volume.voxel_size_nm), volume.extent
    corner = (used.start * voxel + volume.offset.nm) / NM_PER_UM
    extent = used.shape * voxel / NM_PER_UM
    cells = density_map(table, corner, extent, settings["density_cell_um"])
    findings = with_pieces(read_table(counted), table)
    table = without_falsified(table, settings.get("border", "keep"))
    record = provenance(inputs=[objects, contacts, counted, *measures], settings=settings)
    write_features(features, table, record)
    write_table(shapes, table, record)
    write_table(density, cells, record)
    write_table(quality, findings, record)
    print(f"{table.shape[1]} columns of {len(table)} objects")


if __name__ == "__main__":
    run(main)
