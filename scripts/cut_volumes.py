"""The objects in a share of a volume, each whole in a cube of isotropic voxels."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.organelles.counting.order import box_of, objects_of_part
from morphoflow.organelles.samples.cubes import CHANNELS, Cutter
from morphoflow.organelles.samples.intensity import levels
from morphoflow.organelles.samples.resample import VolumeSettings, volume_scales
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.provenance import provenance
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_objects

AXES = ["object", "channel", "z", "y", "x"]
SCALE = "nm per voxel"
# Most voxels are 0: levels above take twice the time and make the store no smaller.
ZSTD_LEVEL = 1


def main(
    *, source: dict, objects: Path, settings: dict, part: int, parts: int, output: Path
) -> None:
    """Cut the objects of job ``part`` of ``parts`` as ``settings`` say, in their order on disk."""
    chosen = VolumeSettings(**settings)
    opened = open_source(source)
    table = read_objects(objects)
    scales = volume_scales(table, opened.voxel_size_nm, chosen)
    cut = Cutter(opened, levels(table, opened.em.dtype), chosen.size, chosen.background == "keep")
    mine = objects_of_part(table, part, parts)
    record = provenance(inputs=[objects], settings=settings)
    facts = {"axes": AXES, "units": "0..255", "provenance": record}
    with stream_samples(output, **facts, level=ZSTD_LEVEL) as stream:
        stream.facts |= {"channels": CHANNELS, "scale_units": SCALE}
        stream.append([], np.empty((0, 2, *[chosen.size] * 3), np.uint8), scale=scales[:0])
        for row, scale in zip(mine.itertuples(), scales[mine.index], strict=True):
            cube = cut(int(row.label_id), box_of(row), float(scale))
            stream.append([row.id], cube[None], scale=np.array([scale]))
    limit = chosen.voxel_nm if chosen.scale == "fixed" else None
    coarser = np.count_nonzero(scales[mine.index] > np.float32(limit or np.inf))
    print(f"{len(mine)} volumes, {coarser} of them scaled down to fit")


if __name__ == "__main__":
    run(main)
