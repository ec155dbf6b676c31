"""Real EM volumes, where they are at hand: a dense segmentation, and strongly anisotropic voxels.

``MORPHOFLOW_REAL_EM`` names a folder with ``neuroproof_training_sample2`` (FIB-SEM of 10 nm,
neurites) and ``vnc_stack1`` (ssTEM of 46 x 4.6 x 4.6 nm, masks of mitochondria); they do not come
with this project.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.store import read_samples
from morphoflow.tables import read_objects, read_table
from places import SCRIPTS

REAL = Path(os.environ.get("MORPHOFLOW_REAL_EM", "nowhere"))
SETTINGS = {
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 17},
    "label_column": "label",
    "on_bad_input": "stop",
    "min_voxels": 1,
}
LEAST = 500  # voxels; smaller pieces of the masks are specks


def neurites(folder: Path) -> dict:
    files = REAL / "neuroproof_training_sample2"
    labels = str(files / "groundtruth_bodies.h5")
    em = str(files / "grayscale_maps")
    return {"em": em, "labels": labels, "voxel_size_nm": [10, 10, 10]}


def mitochondria(folder: Path) -> dict:
    files = sorted((REAL / "vnc_stack1/mitochondria").glob("*.png"))
    mask = np.stack([np.asarray(Image.open(file).convert("L")) > 127 for file in files])
    pieces, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    large = np.bincount(pieces.ravel()) >= LEAST
    large[0] = False
    tifffile.imwrite(folder / "labels.tif", (large.cumsum() * large).astype(np.uint16)[pieces])
    em, labels = str(REAL / "vnc_stack1/raw"), str(folder / "labels.tif")
    return {"em": em, "labels": labels, "voxel_size_nm": [46, 4.6, 4.6]}


def run(script: str, **flags) -> None:
    """Run an entry script as a job does."""
    line = [sys.executable, SCRIPTS / f"{script}.py"]
    for name, value in flags.items():
        texts = [json.dumps(value)] if isinstance(value, dict) else [value]
        texts = value if isinstance(value, list) else texts
        line += [f"--{name.replace('_', '-')}", *map(str, texts)]
    subprocess.run(line, check=True)


@pytest.mark.skipif(not REAL.is_dir(), reason="MORPHOFLOW_REAL_EM names no folder of volumes")
@pytest.mark.parametrize("volume", [neurites, mitochondria])
def test_every_object_of_a_real_volume_is_counted_measured_and_cut(volume, tmp_path):
    source = volume(tmp_path)
    counts, contacts = ([tmp_path / f"{name}{i}.parquet" for i in (0, 1)] for name in "nc")
    for part in (0, 1):
        files = {"counts": counts[part], "contacts": contacts[part]}
        run("count_blocks", source=source, block="[16, 128, 128]", part=part, parts=2, **files)
    objects = tmp_path / "objects.parquet"
    tables = {name: tmp_path / f"{name}.parquet" for name in ("contacts_table", "quality")}
    parts = {"counts": counts, "contacts": contacts, "labels": []}
    made = {"objects": objects, **tables}
    run("merge_counts", source=source, block="null", settings=SETTINGS, **parts, **made)
    table, opened = read_objects(objects), open_source(source)
    labels = opened.read_labels(Box((0, 0, 0), opened.shape))
    ids, voxels = np.unique(labels[labels > 0], return_counts=True)
    counted = table.sort_values("label_id")
    np.testing.assert_array_equal(counted["label_id"], ids)
    np.testing.assert_array_equal(counted["voxels"], voxels)
    share = {"source": source, "objects": objects, "part": 0, "parts": 1}
    run("measure_objects", **share, legacy="false", output=tmp_path / "measures.parquet")
    measures = read_table(tmp_path / "measures.parquet")
    assert len(measures) == len(table) and np.isfinite(measures["surface_area_um2"]).all()
    settings = {"size": 16, "scale": "object", "fill": 0.9, "background": "mask"}
    run(
        "cut_volumes",
        **share,
        settings=settings,
        pose="as_it_lies",
        output=tmp_path / "volumes.zarr",
    )
    volumes = read_samples(tmp_path / "volumes.zarr").x[:]
    assert len(volumes) == len(table) and volumes[:, 1].any(axis=(1, 2, 3)).all()
