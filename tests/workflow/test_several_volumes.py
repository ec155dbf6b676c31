"""Two volumes as one dataset, from raw files to masks and the atlas."""

import pandas as pd
import pytest

from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.tables import read_objects, read_table
from workflow import Workflow

SHAPE = (32, 128, 128)
CONFIG = """
runs: runs.tsv
organelles:
  halves:
    sources:
      - name: left
        phantom: &volume {shape: [32, 128, 128], voxel_size_nm: [30, 16, 16], per_class: 2}
      - {name: right, phantom: {<<: *volume, seed: 1}}
    volumes: {size: 8}
    masks: {em_url: "zarr://http://localhost:9001/{source}/phantom/em.zarr"}
clusters: {methods: [kmeans]}
retrieval: {permutations: 100, bootstraps: 50}
"""
RUNS = "dataset\tmodel\tvariant\tseed\nhalves\tfeatures\tdefault\t0\n"
MASKS = "results/halves/features/default/seed0/masks"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The results on the two volumes."""
    workflow = Workflow(tmp_path_factory.mktemp("halves"), CONFIG, RUNS)
    workflow.snakemake("results/halves/atlas.html")
    return workflow.folder


def test_the_masks_of_each_volume_hold_the_clusters_of_its_objects(finished):
    objects = read_objects(finished / "results/halves/objects.parquet")
    assert objects.groupby("source").size().to_dict() == {"left": 10, "right": 10}
    listed = pd.read_csv(finished / MASKS / "objects.csv", dtype={"label_id": "uint64"})
    assert listed["id"].tolist() == objects["id"].tolist()
    for name, mine in listed.groupby(listed["id"].str.split(":").str[0]):
        folder = finished / f"results/halves/sources/{name}/phantom"
        labels = open_volume(folder / "labels.zarr").read(Box((0, 0, 0), SHAPE))
        mask = open_volume(finished / MASKS / name / "clusters.ome.zarr")
        numbers = mask.read(Box((0, 0, 0), SHAPE))
        for row in mine.itertuples():
            assert set(numbers[labels == row.label_id]) == {row.number}
        assert ((numbers > 0) == (labels > 0)).all()
        assert mine["neuroglancer"].str.contains(f"9001%2F{name}%2Fphantom").all()


def test_the_tables_are_those_of_both(finished):
    tables = {
        name: read_table(finished / f"results/halves/{name}.parquet")
        for name in ("shapes", "density", "quality")
    }
    assert set(tables["shapes"]["source"]) == set(tables["density"]["source"]) == {"left", "right"}
    assert set(tables["shapes"]["split"]) == {"train", "validation", "test"}
    assert {"left/labels.zarr", "right/labels.zarr"} <= set(tables["quality"]["file"])


def test_the_atlas_has_a_link_for_each_object(finished):
    page = (finished / "results/halves/atlas.html").read_text()
    for name in ("left", "right"):
        assert page.count(f"localhost%3A9000%2F{name}%2Fclusters") == 10
