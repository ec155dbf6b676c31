"""A volume that is written anew runs exactly what depends on it again."""

import os
import shutil

import numpy as np
import pytest
import zarr

from workflow import Workflow

CONFIG = """
runs: runs.tsv
organelles:
  one: {em: one_em.zarr, labels: one_labels.zarr, voxel_size_nm: [8, 8, 8], models: [], jobs: 2}
  other: {em: other_em.zarr, labels: other_labels.zarr, voxel_size_nm: [8, 8, 8], models: []}
"""
TARGETS = [f"results/{dataset}/shapes.parquet" for dataset in ("one", "other")]
COUNTED = {"count_blocks", "merge_counts", "measure_objects", "merge_measures"}


@pytest.fixture(scope="module")
def touched(tmp_path_factory):
    """A workflow whose results are there, as far as snakemake is concerned."""
    workflow = Workflow(
        tmp_path_factory.mktemp("volumes"), CONFIG, "dataset\tmodel\tvariant\tseed\n"
    )
    for name in ("one_em", "one_labels", "other_em", "other_labels"):
        made = np.random.default_rng(0).integers(0, 9, (8, 8, 8)).astype(np.uint8)
        zarr.create_array(workflow.folder / f"{name}.zarr", data=made, chunks=(4, 4, 4))
    files = ["objects", "contacts", "quality", "shapes", "density"]
    paths = [f"{dataset}/{file}.parquet" for dataset in ("one", "other") for file in files]
    paths += [f"{dataset}/parts/quality.parquet" for dataset in ("one", "other")]
    for part in ("0of2", "1of2"):
        paths += [f"one/parts/{part}/{n}.parquet" for n in ("counts", "contacts", "measures")]
    for path in paths:
        (workflow.folder / "results" / path).parent.mkdir(parents=True, exist_ok=True)
        (workflow.folder / "results" / path).touch()
    for dataset in ("one", "other"):
        (workflow.folder / f"results/{dataset}/samples/features.zarr").mkdir(parents=True)
    workflow.snakemake("--touch", "--forceall", *TARGETS)
    return workflow


def test_a_changed_chunk_runs_its_dataset_again_and_no_other(touched):
    assert touched.planned(*TARGETS) == {}
    kept = touched.folder / "kept.zarr"
    shutil.copytree(touched.folder / "one_labels.zarr", kept)
    array = zarr.open_array(touched.folder / "one_labels.zarr")
    array[0, 0, 0] = 1 + array[0, 0, 0]
    reasons = touched.planned(*TARGETS)
    assert set(reasons) == COUNTED and "Params have changed" in reasons["count_blocks"]
    assert touched.planned(TARGETS[1]) == {}
    shutil.rmtree(touched.folder / "one_labels.zarr")
    kept.rename(touched.folder / "one_labels.zarr")
    assert touched.planned(*TARGETS) == {}, "the original is back, with its times"


def test_by_contents_a_touched_volume_is_the_same_and_a_changed_one_is_not(touched):
    text = CONFIG.replace("jobs: 2", "jobs: 2, fingerprint: contents")
    (touched.folder / "small.yaml").write_text(text)
    touched.snakemake("--touch", "--forceall", *TARGETS)
    chunk = touched.folder / "one_labels.zarr/c/0/0/0"
    os.utime(chunk)
    assert touched.planned(*TARGETS) == {}
    array = zarr.open_array(touched.folder / "one_labels.zarr")
    array[0, 0, 0] = 1 + array[0, 0, 0]
    assert set(touched.planned(*TARGETS)) == COUNTED
