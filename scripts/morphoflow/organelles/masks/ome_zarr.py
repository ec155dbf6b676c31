"""Masks as an OME-Zarr label image, with the names and colours of its clusters.

Version 0.5 is zarr 3 with shards; 0.4 is zarr 2, a file a chunk, compressed by zlib: readers in all
languages, such as Fiji's, know these.

Moore et al., "OME-Zarr: a cloud-optimized bioimaging file format with international community
support", Histochemistry and Cell Biology 160, 2023; https://ngff.openmicroscopy.org.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import tensorstore as ts
import zarr

from morphoflow.organelles.masks.pyramid import CHUNK, level_shape, shard_shape
from morphoflow.organelles.masks.pyramid_write import create_store
from morphoflow.organelles.masks.volume import MaskVolume
from morphoflow.organelles.volumes.boxes import Triple

ZSTD_LEVEL, ZLIB_LEVEL = 3, 1


def create_ome_zarr(
    path: Path,
    mask: MaskVolume,
    factors: list[Triple],
    clusters: pd.DataFrame | None = None,
    version: str = "0.5",
) -> list[ts.TensorStore]:
    """An empty label image at ``path`` with a level for each of ``factors``; returns the levels.

    ``clusters`` are those of :func:`morphoflow.organelles.masks.volume.cluster_list`; without them
    the numbers are called nothing.
    """
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    datasets = [_dataset(str(k), factor, mask) for k, factor in enumerate(factors)]
    multiscale = {
        "name": path.name.removesuffix(".ome.zarr"),
        "type": "mode",
        "axes": axes,
        "datasets": datasets,
    }
    label: dict = {}
    if clusters is not None:
        label = {"colors": _colors(clusters), "properties": _properties(clusters)}
    shapes = [level_shape(mask.shape, factor) for factor in factors]
    if version == "0.4":
        said = {"version": version}
        attributes = {"multiscales": [multiscale | said], "image-label": label | said}
        zarr.create_group(path, zarr_format=2, attributes=attributes)
        return [_level_of_zarr2(path / str(k), each, mask.dtype) for k, each in enumerate(shapes)]
    ome = {"version": version, "multiscales": [multiscale], "image-label": label}
    zarr.create_group(path, zarr_format=3, attributes={"ome": ome})
    return [_level(path / str(k), shape, mask.dtype) for k, shape in enumerate(shapes)]


def _dataset(path: str, factor: Triple, mask: MaskVolume) -> dict:
    """The centre of a coarser voxel lies between those of the voxels that it stands for.

    The centre of the first voxel is said to be at the labels' offset, as that of labels without an
    offset is at 0.
    """
    size, offset = mask.voxel_size_nm, mask.offset.nm
    scale = [f * n for f, n in zip(factor, size, strict=True)]
    shift = [(f - 1) / 2 * n + o for f, n, o in zip(factor, size, offset, strict=True)]
    steps = [{"type": "scale", "scale": scale}]
    if any(shift):
        steps.append({"type": "translation", "translation": shift})
    return {"path": path, "coordinateTransformations": steps}


def _level(folder: Path, shape: Triple, dtype: np.dtype) -> ts.TensorStore:
    to_bytes = {"name": "bytes", "configuration": {"endian": "little"}}
    zstd = {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}}
    inner = {"chunk_shape": [CHUNK] * 3, "codecs": [to_bytes, zstd]}
    grid = {"name": "regular", "configuration": {"chunk_shape": shard_shape(shape)}}
    metadata = {
        "shape": shape,
        "data_type": dtype.name,
        "chunk_grid": grid,
        "codecs": [{"name": "sharding_indexed", "configuration": inner}],
        "dimension_names": list("zyx"),
        "fill_value": 0,
    }
    return create_store(folder, "zarr3", metadata=metadata)


def _level_of_zarr2(folder: Path, shape: Triple, dtype: np.dtype) -> ts.TensorStore:
    metadata = {
        "shape": shape,
        "dtype": dtype.newbyteorder("<").str,
        "chunks": [min(CHUNK, n) for n in shape],
        "compressor": {"id": "zlib", "level": ZLIB_LEVEL},
        "filters": None,
        "order": "C",
        "fill_value": 0,
        "dimension_separator": "/",
    }
    return create_store(folder, "zarr", metadata=metadata)


def _colors(clusters: pd.DataFrame) -> list[dict]:
    return [
        {"label-value": int(row.number), "rgba": [*bytes.fromhex(row.color[1:]), 255]}
        for row in clusters.itertuples()
    ]


def _properties(clusters: pd.DataFrame) -> list[dict]:
    return [
        {"label-value": int(row.number), "cluster": row.name, "objects": int(row.objects)}
        for row in clusters.itertuples()
    ]
