"""Writes all formats of a mask into one folder."""

import json
from pathlib import Path
from urllib.parse import quote

import imagecodecs
import pandas as pd
import tensorstore as ts

from morphoflow.colors import cluster_color
from morphoflow.errors import InputError
from morphoflow.organelles.counting.lookup import relabelling
from morphoflow.organelles.masks.mobie import write_mobie
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
OLDER_OME_ZARR, MOBIE = "clusters_0.4.ome.zarr", "mobie"

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

OPENING = """
In Fiji with MoBIE: Plugins > MoBIE > Open > Open MoBIE Project, and the folder mobie. It shows each
object in the colour of its cluster, over the EM if that is OME-Zarr and stays where it is.
"""

CENTROIDS = ["centroid_x_um", "centroid_y_um", "centroid_z_um"]

# Voxels of the slices that are computed at once, unless a single slice has more.
SLAB_VOXELS = 1 << 27

VIEWER = "https://neuroglancer-demo.appspot.com/#!"

NM_PER_M = 1e9


def write_masks(
    folder: Path,
    source: Source,
    objects: pd.DataFrame,
    settings: dict,
    em: Path | None = None,
) -> pd.DataFrame:
    """Write the ``formats`` in ``settings``, the list of objects and a guide into ``folder``.

    ``objects`` have the columns of
    :func:`morphoflow.organelles.masks.volume.objects_with_clusters`; ``settings`` are ``method``,
    ``formats``, ``url`` and, if there is one, ``em_url``. ``em`` is the folder of the EM, if it is
    one. Voxels of labels that are not among the objects become 0. Returns the list of objects.
    """
    numbers = objects["number"].to_numpy()
    mask = MaskVolume(source, relabelling(objects["label_id"].to_numpy(), numbers))
    formats, clusters = settings["formats"], cluster_list(objects)
    if "png" in formats:
        check_fits_png(mask)
    folder.mkdir(parents=True)
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
        write_mobie(folder / MOBIE, source, objects, em)
    write_list(folder, listed)
    guide = mask_guide(clusters, objects.attrs[RECOMMENDED], url)
    guide += OPENING * ("mobie" in formats)
    (folder / "README.txt").write_text(guide, encoding="utf-8")
    return listed


def write_list(folder: Path, listed: pd.DataFrame) -> None:
    """Write a list of objects into a folder of masks, where the atlas looks for it."""
    file = folder / "objects.csv"
    listed.to_csv(file, index=False, float_format=NUMBER_FORMAT, lineterminator="\n")


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


def object_list(objects: pd.DataFrame) -> pd.DataFrame:
    """Each object's id, label_id, cluster (-1: noise), number in the mask, and centroid in um."""
    return objects[["id", "label_id", "cluster", "number", *CENTROIDS]].copy()


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
