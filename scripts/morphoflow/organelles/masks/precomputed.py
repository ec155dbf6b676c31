"""Masks as a segmentation in neuroglancer's precomputed format, sharded, and its properties.

https://github.com/google/neuroglancer, src/datasource/precomputed: volume.md, sharded.md and
segment_properties.md.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import tensorstore as ts

from morphoflow.organelles.masks.pyramid import CHUNK, SHARD_BITS, level_shape
from morphoflow.organelles.masks.pyramid_write import create_store
from morphoflow.organelles.masks.volume import MaskVolume
from morphoflow.organelles.volumes.boxes import Triple

PROPERTIES = "segment_properties"


def create_precomputed(path: Path, mask: MaskVolume, factors: list[Triple]) -> list[ts.TensorStore]:
    """An empty segmentation with a scale for each of ``factors``; returns them as (z, y, x).

    The compression of segmentations takes 32 or 64 bits.
    """
    wide = "uint64" if mask.dtype.itemsize == 8 else "uint32"
    volume = {"type": "segmentation", "data_type": wide, "num_channels": 1}
    stores = []
    for factor in factors:
        scale = _scale(level_shape(mask.shape, factor), factor, mask)
        options = {"multiscale_metadata": volume, "scale_metadata": scale}
        store = create_store(path, "neuroglancer_precomputed", **options)
        store = store[ts.d[:].translate_to[0]]
        stores.append(store[ts.d["channel"][0]].transpose([2, 1, 0]))
    return stores


def write_cluster_properties(path: Path, clusters: pd.DataFrame) -> None:
    """Names, numbers of objects and volumes of the clusters, for the segmentation at ``path``."""
    properties = [
        _texts("label", "label", clusters["name"]),
        _numbers("objects", "uint32", clusters["objects"]),
        _numbers("volume_um3", "float32", clusters["volume_um3"]),
    ]
    write_properties(path / PROPERTIES, clusters["number"], properties)
    info = json.loads((path / "info").read_text(encoding="utf-8"))
    # Chunks without objects are left out, for tensorstore writes none of 0 into a shard, even where
    # it is told to. cloud-volume 12 takes one for an error, unless it is opened with this argument.
    _write_json(path / "info", {**info, PROPERTIES: PROPERTIES, "fill_missing": True})


def write_object_properties(path: Path, objects: pd.DataFrame, clusters: pd.DataFrame) -> None:
    """Cluster (as a tag) and volume of each object, for a layer with the original labels."""
    tags = {"id": "cluster", "type": "tags"}
    tags["tags"] = [name.replace(" ", "_") for name in clusters["name"]]
    places = np.searchsorted(clusters["number"], objects["number"])
    tags["values"] = [[place] for place in places.tolist()]
    volumes = _numbers("volume_um3", "float32", objects["volume_um3"])
    write_properties(path, objects["label_id"], [tags, volumes])


def write_properties(path: Path, ids: pd.Series, properties: list[dict]) -> None:
    """Properties of segments, each with its values in the order of ``ids``."""
    path.mkdir()
    inline = {"ids": [str(number) for number in ids], "properties": properties}
    _write_json(path / "info", {"@type": "neuroglancer_segment_properties", "inline": inline})


def voxel_offset(mask: MaskVolume, factor: Triple = (1, 1, 1)) -> Triple:
    """The voxel (z, y, x) nearest to the labels' offset: the format knows whole ones alone.

    That of a coarser scale is the last one that begins at or before it, as is usual.
    """
    voxels = np.round(np.divide(mask.offset.nm, mask.voxel_size_nm)).astype(np.int64)
    return tuple(int(n) for n in voxels // factor)


def _scale(shape: Triple, factor: Triple, mask: MaskVolume) -> dict:
    bits = sum((-(-n // CHUNK) - 1).bit_length() for n in shape)
    sharding = {
        "@type": "neuroglancer_uint64_sharded_v1",
        "hash": "identity",
        "preshift_bits": SHARD_BITS,
        "minishard_bits": 0,
        "shard_bits": max(0, bits - SHARD_BITS),
        "minishard_index_encoding": "gzip",
        # A segmentation is compressed as it is; gzip would halve the speed of all masks.
        "data_encoding": "raw",
    }
    return {
        "key": "_".join(str(f) for f in factor[::-1]),
        "size": shape[::-1],
        "resolution": [f * n for f, n in zip(factor, mask.voxel_size_nm, strict=True)][::-1],
        "voxel_offset": voxel_offset(mask, factor)[::-1],
        "chunk_size": [CHUNK] * 3,
        "encoding": "compressed_segmentation",
        "compressed_segmentation_block_size": [8, 8, 8],
        "sharding": sharding,
    }


def _texts(name: str, kind: str, values: pd.Series) -> dict:
    return {"id": name, "type": kind, "values": values.tolist()}


def _numbers(name: str, data_type: str, values: pd.Series) -> dict:
    rounded = values.to_numpy(data_type).tolist()
    return {"id": name, "type": "number", "data_type": data_type, "values": rounded}


def _write_json(file: Path, content: dict) -> None:
    file.write_text(json.dumps(content, sort_keys=True, indent=1) + "\n", encoding="utf-8")
