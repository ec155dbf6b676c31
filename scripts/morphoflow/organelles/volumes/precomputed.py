"""Volumes in neuroglancer's precomputed format; their axes are x, y, z and channel."""

from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.chunked import ChunkedVolume, open_chunked
from morphoflow.organelles.volumes.units import Offset, voxel_size_of
from morphoflow.organelles.volumes.zarr import no_choice, read_json

METADATA = "info"
AXES = ("x", "y", "z", "channel")


def open_precomputed(path: Path, key: str | None, level: int, *, sparse: bool) -> ChunkedVolume:
    """The scale number ``level`` of the volume at ``path``, or in its folder ``key``."""
    folder = path / (key or "")
    if not (folder / METADATA).is_file():
        inner = sorted(file.parent.name for file in path.glob(f"*/{METADATA}"))
        raise no_choice(path, key, inner)
    scales = read_json(folder / METADATA).get("scales")
    if not isinstance(scales, list) or not scales:
        raise InputError(
            f"{folder / METADATA} lists no scales, so it is no precomputed volume "
            f"(meshes and skeletons have such a file too); correct the path."
        )
    if level >= len(scales):
        raise InputError(
            f"{folder} has {len(scales)} scales, but level {level} is set; "
            f"set `level` to a number from 0 to {len(scales) - 1}."
        )
    size = voxel_size_of({"resolution": scales[level].get("resolution")}, "xyz")
    voxels = scales[level].get("voxel_offset", [0, 0, 0])[::-1]
    offset = size and Offset(tuple(n * s for n, s in zip(voxels, size, strict=True)))
    return open_chunked(
        folder, "neuroglancer_precomputed", AXES, (size, offset), sparse=sparse, scale_index=level
    )
