"""The objects in a share of a volume, each whole in a cube of isotropic voxels."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.command import run
from morphoflow.organelles.counting.order import box_of, objects_of_part
from morphoflow.organelles.samples.cubes import CHANNELS, Cutter
from morphoflow.organelles.samples.intensity import levels
from morphoflow.organelles.samples.posed import PosedCutter, posed_scales, poses_of
from morphoflow.organelles.samples.resample import VolumeSettings, volume_scales
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.source import Source
from morphoflow.provenance import provenance
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_objects

AXES = ["object", "channel", "z", "y", "x"]
SCALE = "nm per voxel"
# Most voxels are 0: levels above take twice the time and make the store no smaller.
ZSTD_LEVEL = 1


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
    """Cut the objects of job ``part`` of ``parts`` as ``settings`` say, in their order on disk.

    With the ``pose`` "axes" each is turned to its principal axes, which ``objects``, then the table
    of shapes, holds.
    """
    chosen = VolumeSettings(**settings)
    opened = open_source(source)
    table = read_objects(objects)
    cutter = posed_cutter if pose == "axes" else plain_cutter
    cut, scales = cutter(table, opened, chosen)
    mine = objects_of_part(table, part, parts)
    record = provenance(inputs=[objects], settings={**settings, "pose": pose})
    facts = {"axes": AXES, "units": "0..255", "provenance": record}
    with stream_samples(output, **facts, level=ZSTD_LEVEL) as stream:
        stream.facts |= {"channels": CHANNELS, "scale_units": SCALE, "pose": pose}
        stream.append([], np.empty((0, 2, *[chosen.size] * 3), np.uint8), scale=scales[:0])
        for row, scale in zip(mine.itertuples(), scales[mine.index], strict=True):
            cube = cut(row, float(scale))
            stream.append([row.id], cube[None], scale=np.array([scale]))
    limit = chosen.voxel_nm if chosen.scale == "fixed" else None
    coarser = np.count_nonzero(scales[mine.index] > np.float32(limit or np.inf))
    print(f"{len(mine)} volumes, {coarser} of them scaled down to fit")


def plain_cutter(table: pd.DataFrame, opened: Source, chosen: VolumeSettings) -> tuple:
    """A function that cuts an object as it lies, and the scales of all."""
    keep = chosen.background == "keep"
    cutter = Cutter(opened, levels(table, opened.em.dtype), chosen.size, keep)

    def cut(row, scale: float) -> np.ndarray:
        return cutter(int(row.label_id), box_of(row), scale)

    return cut, volume_scales(table, opened.voxel_size_nm, chosen)


def posed_cutter(shapes: pd.DataFrame, opened: Source, chosen: VolumeSettings) -> tuple:
    """A function that cuts an object in its pose, and the scales of all."""
    keep = chosen.background == "keep"
    cutter = PosedCutter(opened, levels(shapes, opened.em.dtype), chosen.size, keep)
    poses = poses_of(shapes, opened)

    def cut(row, scale: float) -> np.ndarray:
        return cutter(row, poses[row.Index], scale)

    return cut, posed_scales(shapes, opened.voxel_size_nm, chosen)


if __name__ == "__main__":
    run(main)
