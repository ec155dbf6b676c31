"""Writes all formats of a mask into one folder."""

import json
from pathlib import Path
from urllib.parse import quote

import imagecodecs
import numpy as np
import pandas as pd
import tensorstore as ts

from morphoflow.colors import cluster_color
from morphoflow.errors import InputError
from morphoflow.organelles.counting.lookup import relabelling
from morphoflow.organelles.masks.ome_zarr import create_ome_zarr
from morphoflow.organelles.masks.precomputed import (
    create_precomputed,
    voxel_offset,
    write_cluster_properties,
    write_object_properties,
)
from morphoflow.organelles.masks.pyramid import level_factors
from morphoflow.organelles.masks.pyramid_write import write_pyramids
from morphoflow.organelles.masks.volume import MaskVolume, cluster_list
from morphoflow.organelles.volumes.boxes import Box, blocks
from morphoflow.organelles.volumes.source import Source
from morphoflow.tables import RECOMMENDED

OME_ZARR, PRECOMPUTED = "clusters.ome.zarr", "clusters.precomputed"
OLDER_OME_ZARR = "clusters_0.4.ome.zarr"

NUMBER_FORMAT = "%.9g"

SERVING = """
Neuroglancer reads this folder over HTTP from a server that allows other origins and byte ranges,
for example `npx http-server . --cors -p PORT`, or from a bucket. The links in objects.csv expect it
at {url}; set masks.url to another place. With masks.em_url, the place of the EM (for instance
zarr://http://localhost:9001/em.zarr), they show it below the clusters.
objects_properties holds segment properties for a layer with the original labels.
In Python: cloudvolume.CloudVolume("file://.../clusters.precomputed", fill_missing=True), since
chunks without objects are left out.
"""

NM_PER_UM = 1000.0

CENTROIDS = ["centroid_x_um", "centroid_y_um", "centroid_z_um"]

# Voxels of the slices that are computed at once, unless a single slice has more.
SLAB_VOXELS = 1 << 27

VIEWER = "https://neuroglancer-demo.appspot.com/#!"

NM_PER_M = 1e9


def write_masks(folder: Path, source: Source, objects: pd.DataFrame, settings: dict) -> None:
    """Write the ``formats`` in ``settings``, the list of objects and a guide into ``folder``.

    ``objects`` have the columns of
    :func:`morphoflow.organelles.masks.volume.objects_with_clusters`; ``settings`` are ``method``,
    ``formats``, ``url`` and, if there is one, ``em_url``. Voxels of labels that are not among the
    objects become 0.
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
        listed["neuroglancer"] = neuroglancer_links(objects, layer, mask, settings.get("em_url"))
    if "mobie" in formats:
        _write_rows(folder / "mobie.tsv", mobie_table(objects, mask), "\t")
    _write_rows(folder / "objects.csv", listed, ",")
    guide = mask_guide(clusters, objects.attrs[RECOMMENDED], url)
    (folder / "README.txt").write_text(guide, encoding="utf-8")


def _create(
    folder: Path, mask: MaskVolume, clusters: pd.DataFrame, formats: list[str]
) -> list[list[ts.TensorStore]]:
    factors = level_factors(mask.shape, mask.voxel_size_nm)
    pyramids = []
    if "ome_zarr" in formats:
        pyramids.append(create_ome_zarr(folder / OME_ZARR, mask, factors, clusters))
    if "ome_zarr_0.4" in formats:
        path = folder / OLDER_OME_ZARR
        pyramids.append(create_ome_zarr(path, mask, factors, clusters, version="0.4"))
    if "precomputed" in formats:
        pyramids.append(create_precomputed(folder / PRECOMPUTED, mask, factors))
    return pyramids


def _write_rows(file: Path, table: pd.DataFrame, separator: str) -> None:
    table.to_csv(file, sep=separator, index=False, float_format=NUMBER_FORMAT, lineterminator="\n")


# What the numbers in a mask mean and how to look at it, in a text beside it.


def mask_guide(clusters: pd.DataFrame, method: str, url: str | None) -> str:
    """The text; ``url`` is where the folder will be served for neuroglancer, if it will be."""
    meanings = "\n".join(
        f"  {row.number}  {row.name} ({row.objects} objects)" for row in clusters.itertuples()
    )
    text = (
        f"Masks of the clusters by {method}. Voxels hold the number of their object's cluster:\n"
        f"  0  background, and objects that are not in the object table\n{meanings}\n"
    )
    return text if url is None else text + SERVING.format(url=url)


# Tables that go with a mask: the objects with their clusters, and the same for MoBIE.


def object_list(objects: pd.DataFrame) -> pd.DataFrame:
    """Each object's id, label_id, cluster (-1: noise), number in the mask, and centroid in um."""
    return objects[["id", "label_id", "cluster", "number", *CENTROIDS]].copy()


def mobie_table(objects: pd.DataFrame, mask: MaskVolume) -> pd.DataFrame:
    """The default table of a MoBIE segmentation of the original labels, with their clusters.

    Anchors and boxes are in um, with the centre of the first voxel at the labels' offset as in the
    viewer; an
    anchor is the centre of a voxel of the object, so that it lies within the object whatever its
    shape. Pape et al., "MoBIE: a Fiji plugin for sharing and exploration of multi-modal
    cloud-hosted big image data", Nature Methods 20, 2023.
    """
    size = dict(zip("zyx", np.array(mask.voxel_size_nm) / NM_PER_UM, strict=True))
    first = dict(zip("zyx", np.array(mask.offset.nm) / NM_PER_UM, strict=True))
    columns = {"label_id": objects["label_id"]}
    columns |= {f"anchor_{a}": objects[f"anchor_{a}"] * size[a] + first[a] for a in "xyz"}
    columns |= {f"bb_min_{a}": objects[f"box_{a}_start"] * size[a] + first[a] for a in "xyz"}
    columns |= {f"bb_max_{a}": objects[f"box_{a}_stop"] * size[a] + first[a] for a in "xyz"}
    columns |= {"n_pixels": objects["voxels"], "cluster": objects["cluster"]}
    return pd.DataFrame(columns)


# Masks as one PNG file for each z.


def check_fits_png(mask: MaskVolume) -> None:
    """Raises InputError for more clusters than the 16 bits of a PNG file can tell apart."""
    if mask.dtype.itemsize > 2:
        raise InputError(
            "there are more than 65535 clusters, too many for PNG; take png out of masks.formats."
        )


def write_slices(folder: Path, mask: MaskVolume) -> None:
    """Write ``clusters_0000.png`` and so on, of 8 or 16 bits; all numbers have equally many digits.

    A chunk of the labels is decoded as few times as its slices fit into ``SLAB_VOXELS``.
    """
    folder.mkdir()
    n_slices, height, width = mask.shape
    digits = max(4, len(str(n_slices - 1)))
    depth = min(mask.chunks[0], max(1, SLAB_VOXELS // (height * width)))
    for slab in blocks(Box((0, 0, 0), mask.shape), (depth, height, width)):
        for z, numbers in enumerate(mask.read(slab), start=slab.start[0]):
            encoded = imagecodecs.png_encode(numbers)
            (folder / f"clusters_{z:0{digits}d}.png").write_bytes(encoded)


# Links that open neuroglancer at an object, with its cluster shown.


def neuroglancer_links(
    objects: pd.DataFrame, layer: str, mask: MaskVolume, em: str | None = None
) -> list[str]:
    """A link for each object, to the centre of its anchor voxel in the segmentation ``layer``.

    ``layer`` is the URL of a precomputed volume, without ``precomputed://``; ``em`` that of the
    image below it, with its scheme.
    """
    size = zip("xyz", mask.voxel_size_nm[::-1], strict=True)
    dimensions = {axis: [length / NM_PER_M, "m"] for axis, length in size}
    anchors = objects[["anchor_x", "anchor_y", "anchor_z"]] + voxel_offset(mask)[::-1] + 0.5
    rows = zip(objects.itertuples(), anchors.to_numpy().tolist(), strict=True)
    below = [] if em is None else [{"type": "image", "name": "em", "source": em}]
    return [_link(row, layer, dimensions, place, below) for row, place in rows]


def _link(row, layer: str, dimensions: dict, place: list[float], below: list[dict]) -> str:
    segment = str(row.number)
    shown = {
        "type": "segmentation",
        "name": "clusters",
        "source": f"precomputed://{layer}",
        "segments": [segment],
        "segmentColors": {segment: cluster_color(row.cluster)},
    }
    state = {
        "dimensions": dimensions,
        "position": place,
        "layers": [*below, shown],
        "selectedLayer": {"layer": "clusters", "visible": True},
        "layout": "4panel",
    }
    return VIEWER + quote(json.dumps(state, separators=(",", ":")), safe="")
