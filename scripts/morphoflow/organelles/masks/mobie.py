"""A MoBIE project of the objects with their clusters, over the EM where that is OME-Zarr.

Pape et al., "MoBIE: a Fiji plugin for sharing and exploration of multi-modal cloud-hosted big image
data", Nature Methods 20, 2023; https://mobie.github.io, specification 0.3.
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.organelles.counting.lookup import relabelling
from morphoflow.organelles.masks.ome_zarr import create_ome_zarr
from morphoflow.organelles.masks.pyramid import level_factors
from morphoflow.organelles.masks.pyramid_write import write_pyramids
from morphoflow.organelles.masks.volume import MaskVolume, cluster_name
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source
from morphoflow.organelles.volumes.zarr import unit_nm

VERSION = "0.3.0"

DATASET, OBJECTS, EM = "organelles", "objects", "em"

# Voxels along each axis of the piece in the middle of the EM that sets the contrast, in percent.
SIDE, CONTRAST = 64, (1, 99)


def write_mobie(folder: Path, source: Source, objects: pd.DataFrame, em: Path | None) -> None:
    """Write a project whose segmentation has a number for each object, from 1 in the table's order.

    ``objects`` have the columns of
    :func:`morphoflow.organelles.masks.volume.objects_with_clusters`. ``em`` is the folder of the
    EM, which is shown, by its path from the project, if it is an OME-Zarr image with a known unit.
    """
    dataset, numbers = folder / DATASET, np.arange(1, len(objects) + 1)
    numbers = numbers.astype(np.min_scalar_type(len(objects)))
    mask = MaskVolume(source, relabelling(objects["label_id"].to_numpy(), numbers))
    (dataset / "images").mkdir(parents=True)
    factors = level_factors(mask.shape, mask.voxel_size_nm)
    path = dataset / "images" / f"{OBJECTS}.ome.zarr"
    write_pyramids(mask, [create_ome_zarr(path, mask, factors, version="0.4")])
    tables = dataset / "tables" / OBJECTS
    tables.mkdir(parents=True)
    table = object_rows(objects, numbers, mask)
    table.to_csv(tables / "default.tsv", sep="\t", index=False, lineterminator="\n")
    _write_json(dataset / "dataset.json", _dataset(dataset, source, em))
    project = {"specVersion": VERSION, "datasets": [DATASET], "defaultDataset": DATASET}
    _write_json(folder / "project.json", project)


def object_rows(objects: pd.DataFrame, numbers: np.ndarray, mask: MaskVolume) -> pd.DataFrame:
    """The default table of the segmentation: a row for each object, under its number (n,).

    Anchors and boxes are in nm, as the volume's axes, with the centre of the first voxel at the
    labels' offset as in the viewer. An anchor is the centre of a voxel of the object, so that it
    lies within the object whatever its shape.
    """
    size = dict(zip("zyx", mask.voxel_size_nm, strict=True))
    first = dict(zip("zyx", mask.offset.nm, strict=True))
    columns: dict = {"label_id": numbers}
    columns |= {f"anchor_{a}": objects[f"anchor_{a}"] * size[a] + first[a] for a in "xyz"}
    columns |= {f"bb_min_{a}": objects[f"box_{a}_start"] * size[a] + first[a] for a in "xyz"}
    columns |= {f"bb_max_{a}": objects[f"box_{a}_stop"] * size[a] + first[a] for a in "xyz"}
    columns |= {"n_pixels": objects["voxels"], "id": objects["id"]}
    columns |= {"cluster": [cluster_name(cluster) for cluster in objects["cluster"]]}
    return pd.DataFrame(columns)


def _dataset(dataset: Path, source: Source, em: Path | None) -> dict:
    segmentation = {
        "imageData": {"ome.zarr": {"relativePath": f"images/{OBJECTS}.ome.zarr"}},
        "tableData": {"tsv": {"relativePath": f"tables/{OBJECTS}"}},
    }
    shown = {"name": "clusters", "sources": [OBJECTS], "opacity": 0.5, "lut": "glasbey"}
    sources = {OBJECTS: {"segmentation": segmentation}}
    displays = [{"segmentationDisplay": {**shown, "colorByColumn": "cluster"}}]
    view: dict = {"isExclusive": True, "uiSelectionGroup": "bookmark"}
    unit = em and unit_nm(em)
    if unit:
        way = os.path.relpath(em.absolute(), dataset.absolute())
        sources[EM] = {"image": {"imageData": {"ome.zarr": {"relativePath": way}}}}
        shown = {"name": EM, "sources": [EM], "opacity": 1.0, "color": "white"}
        displays.insert(0, {"imageDisplay": {**shown, "contrastLimits": _contrast(source)}})
        view["sourceTransforms"] = [{"affine": {"parameters": _scaling(unit), "sources": [EM]}}]
    default = {**view, "sourceDisplays": displays}
    return {"is2D": False, "sources": sources, "views": {"default": default}}


def _scaling(factor: float) -> list[float]:
    """The affine map, row by row, that brings lengths in another unit to nm."""
    return (factor * np.eye(3, 4)).ravel().tolist()


def _contrast(source: Source) -> list[float]:
    start = [max(0, (n - SIDE) // 2) for n in source.shape]
    stop = [min(n, a + SIDE) for n, a in zip(source.shape, start, strict=True)]
    return np.percentile(source.read_em(Box(tuple(start), tuple(stop))), CONTRAST).tolist()


def _write_json(file: Path, content: dict) -> None:
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
