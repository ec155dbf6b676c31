"""Writes all formats of a mask into one folder."""

from pathlib import Path

import pandas as pd
import tensorstore as ts

from morphoflow.organelles.mask_guide import mask_guide
from morphoflow.organelles.mask_numbers import cluster_list
from morphoflow.organelles.mask_ome_zarr import create_ome_zarr
from morphoflow.organelles.mask_precomputed import (
    create_precomputed,
    write_cluster_properties,
    write_object_properties,
)
from morphoflow.organelles.mask_slices import check_fits_png, write_slices
from morphoflow.organelles.mask_tables import mobie_table, object_list
from morphoflow.organelles.mask_volume import MaskVolume
from morphoflow.organelles.neuroglancer_links import neuroglancer_links
from morphoflow.organelles.pyramid import level_factors
from morphoflow.organelles.pyramid_write import write_pyramids
from morphoflow.organelles.relabel import relabelling
from morphoflow.organelles.source import Source

OME_ZARR, PRECOMPUTED = "clusters.ome.zarr", "clusters.precomputed"
NUMBER_FORMAT = "%.9g"


def write_masks(folder: Path, source: Source, objects: pd.DataFrame, settings: dict) -> None:
    """Write the ``formats`` in ``settings``, the list of objects and a guide into ``folder``.

    ``objects`` have the columns of :func:`morphoflow.organelles.mask_numbers
    .objects_with_clusters`; ``settings`` are ``method``, ``formats`` and ``url``. Voxels of labels
    that are not among the objects become 0.
    """
    numbers = objects["number"].to_numpy()
    mask = MaskVolume(source, relabelling(objects["label_id"].to_numpy(), numbers))
    formats, clusters = settings["formats"], cluster_list(objects)
    if "png" in formats:
        check_fits_png(mask)
    folder.mkdir()
    listed, url = object_list(objects), None
    pyramids = _create(folder, mask, clusters, formats)
    if pyramids:
        write_pyramids(mask, pyramids)
    if "png" in formats:
        write_slices(folder / "clusters", mask)
    if "precomputed" in formats:
        url = settings["url"].rstrip("/")
        write_cluster_properties(folder / PRECOMPUTED, clusters)
        write_object_properties(folder / "objects_properties", objects, clusters)
        layer = f"{url}/{PRECOMPUTED}"
        listed["neuroglancer"] = neuroglancer_links(objects, layer, mask.voxel_size_nm)
    if "mobie" in formats:
        _write_rows(folder / "mobie.tsv", mobie_table(objects, mask.voxel_size_nm), "\t")
    _write_rows(folder / "objects.csv", listed, ",")
    guide = mask_guide(clusters, settings["method"], url)
    (folder / "README.txt").write_text(guide, encoding="utf-8")


def _create(
    folder: Path, mask: MaskVolume, clusters: pd.DataFrame, formats: list[str]
) -> list[list[ts.TensorStore]]:
    factors = level_factors(mask.shape, mask.voxel_size_nm)
    pyramids = []
    if "ome_zarr" in formats:
        pyramids.append(create_ome_zarr(folder / OME_ZARR, mask, factors, clusters))
    if "precomputed" in formats:
        pyramids.append(create_precomputed(folder / PRECOMPUTED, mask, factors))
    return pyramids


def _write_rows(file: Path, table: pd.DataFrame, separator: str) -> None:
    table.to_csv(file, sep=separator, index=False, float_format=NUMBER_FORMAT, lineterminator="\n")
