"""The phantom's volumes as OME-Zarr 0.5 (https://ngff.openmicroscopy.org/0.5/)."""

from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import ZstdCodec

from morphoflow.organelles.boxes import Triple

CHUNK = 64


def create_image(
    path: Path, shape: Triple, dtype: str, voxel_size_nm: list[float], provenance: dict
) -> zarr.Array:
    """An empty image with one level, ``0``, with its voxel size in nm; returns the level."""
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    scale = {"type": "scale", "scale": [float(size) for size in voxel_size_nm]}
    level = {"path": "0", "coordinateTransformations": [scale]}
    multiscale = {"name": path.stem, "axes": axes, "datasets": [level]}
    group = zarr.open_group(path, mode="w", zarr_format=3)
    ome = {"version": "0.5", "multiscales": [multiscale]}
    group.attrs.update({"ome": ome, "morphoflow": provenance})
    return group.create_array(
        "0",
        shape=shape,
        dtype=np.dtype(dtype),
        chunks=tuple(min(CHUNK, n) for n in shape),
        compressors=ZstdCodec(level=3),
        dimension_names=list("zyx"),
    )
