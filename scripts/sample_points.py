"""Points on the surfaces of the objects in a share of a volume."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.organelles.counting.order import box_of, objects_of_part
from morphoflow.organelles.samples.clouds import PointSettings, point_cloud
from morphoflow.organelles.shapes.pose import posed_axes
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.provenance import provenance
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_objects

AXES = ["object", "point", "coordinate"]
UNITS = {"nm": "nm", "unit": "rms radius"}


def main(
    *,
    source: dict,
    objects: Path,
    settings: dict,
    pose: str,
    part: int,
    parts: int,
    output: Path,
) -> None:
    """Sample the objects of job ``part`` of ``parts`` as ``settings`` say, in disk order.

    With the ``pose`` "axes" coordinates are those along the principal axes, which ``objects``, then
    the table of shapes, holds.
    """
    chosen = PointSettings(**settings)
    opened = open_source(source)
    table = read_objects(objects)
    axes = posed_axes(table) if pose == "axes" else [None] * len(table)
    mine = objects_of_part(table, part, parts)
    record = provenance(inputs=[objects], settings={**settings, "pose": pose}, seed=chosen.seed)
    units = UNITS[chosen.scale]
    with stream_samples(output, axes=AXES, units=units, provenance=record) as stream:
        stream.facts |= {"coordinates": ["x", "y", "z"], "scale_units": "nm per unit"}
        stream.facts["pose"] = pose
        stream.append([], np.empty((0, chosen.number, 3), np.float32), scale=np.empty(0, "f4"))
        for row in mine.itertuples():
            place = int(row.label_id), box_of(row)
            cloud, scale = point_cloud(opened, *place, chosen, axes=axes[row.Index])
            stream.append([row.id], cloud[None], scale=np.array([scale], np.float32))
    print(f"{len(mine)} point clouds")


if __name__ == "__main__":
    run(main)
