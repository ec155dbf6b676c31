"""A model of one dataset on another: objects alike get the old class and cluster."""

import numpy as np
import pandas as pd
import pytest

import apply_model
import fit
from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.models.shared.embedding import vectors
from morphoflow.store import write_samples
from morphoflow.tables import RECOMMENDED, read_table, write_objects, write_table
from synthetic_embeddings import splits

SIZE, N = 8, 90


def discs(n: int, seed: int) -> np.ndarray:
    """Squares of three sizes (n, 1, 8, 8) with some noise, in turns."""
    x = np.random.default_rng(seed).uniform(0, 0.2, (n, 1, SIZE, SIZE)).astype(np.float32)
    for k, side in enumerate((2, 4, 6)):
        x[k::3, :, :side, :side] += 0.8
    return x


@pytest.fixture
def applied(tmp_path, monkeypatch):
    """A baseline fitted to one dataset, and its application to another with other facts."""
    monkeypatch.setattr("__main__.__file__", apply_model.__file__, raising=False)

    def dataset(name: str, n: int, seed: int, **facts):
        ids = [f"{name}{i}" for i in range(n)]
        columns = {"source": "s", "group": ids, "split": splits(n, 3)}
        columns["label"] = np.array(["small", "middle", "large"], dtype=object)[np.arange(n) % 3]
        samples, objects = tmp_path / f"{name}.zarr", tmp_path / f"{name}.parquet"
        write_objects(objects, pd.DataFrame({"id": ids} | columns), {})
        axes = ["object", "channel", "y", "x"]
        facts = {"channels": ["a"], "pixel_size_um": 0.5} | facts
        x = discs(n, seed)
        write_samples(samples, ids, x, axes=axes, units="0..1", facts=facts, provenance={})
        return {"samples": samples, "objects": objects}

    def run(**facts) -> pd.DataFrame:
        old, new = dataset("old", N, 0), dataset("new", 30, 1, **facts)
        more = {"uncertainty": False, "size_joined": False, "threads": 1}
        model, known = tmp_path / "model.pt", tmp_path / "embedding.h5ad"
        named = {"model": "pixels", "code": "baselines/pixels.py", "settings": {"variance": 0.9}}
        fit.main(**named, **old, seed=0, output=model, embedding=known, **more)
        ids = [f"old{i}" for i in range(N)]
        clusters = pd.DataFrame({"id": ids, "kmeans": np.arange(N) % 3})
        clusters.attrs[RECOMMENDED] = "kmeans"
        write_table(tmp_path / "clusters.parquet", clusters, {})
        maps = pd.DataFrame({"id": ids, "umap_1": np.arange(N) % 3, "tsne_1": np.nan})
        write_table(tmp_path / "maps.parquet", maps, {})
        apply_model.main(
            model=model,
            known=known,
            clusters=tmp_path / "clusters.parquet",
            maps=tmp_path / "maps.parquet",
            trained=old["samples"],
            **new,
            embedding=tmp_path / "new.h5ad",
            placed=tmp_path / "placed.parquet",
            gpus=0,
            **more,
        )
        return read_table(tmp_path / "placed.parquet")

    return run


def test_objects_alike_get_the_class_the_cluster_and_the_place_of_the_old_ones(applied, capsys):
    table = applied()
    assert table["cluster"].tolist() == [0, 1, 2] * 10
    assert table["umap_1"].tolist() == [0, 1, 2] * 10 and "tsne_1" not in table
    assert table["predicted"].tolist() == ["small", "middle", "large"] * 10
    assert not table["in_training"].any() and "sets hold the class" in capsys.readouterr().out


def test_a_notebook_gets_the_vectors_of_the_workflow(applied, tmp_path):
    applied()
    made = read_embedding(tmp_path / "new.h5ad")
    table = vectors(tmp_path / "model.pt", tmp_path / "new.zarr")
    assert list(table.index) == list(made.obs_names)
    np.testing.assert_array_equal(table.to_numpy(), made.X)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"pixel_size_um": 0.25}, r"pixel_size_um 0\.25.*pixel_size_um 0\.5"),
        ({"channels": ["dna"]}, r"channels \['dna'\].*channels \['a'\]"),
    ],
)
def test_samples_of_other_units_or_channels_stop_with_both_values(applied, facts, said):
    with pytest.raises(InputError, match=said):
        applied(**facts)
