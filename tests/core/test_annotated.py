"""The file that is opened elsewhere: scverse's names, categories with colours, plain types."""

import h5py
import numpy as np
import pandas as pd
import pytest

from morphoflow.annotated import annotate
from morphoflow.colors import CLUSTER_COLORS, GREY, LABEL_COLORS
from morphoflow.embedding import make_embedding, nested, read_embedding, write_embedding
from morphoflow.store import write_samples
from morphoflow.tables import RECOMMENDED

N = 12
IDS = [f"o{i}" for i in range(N)]


def objects(**more) -> pd.DataFrame:
    labels = ["b", "a", None] * (N // 3)
    split = ["train", "validation", "test"] * (N // 3)
    columns = {"source": "s", "label": labels, "group": IDS, "split": split, "size_um": 1.5}
    return pd.DataFrame({"id": IDS} | columns | more)


@pytest.fixture
def known(tmp_path):
    """Makes the annotated file of objects; tables and measures come in another order."""

    def make(rows: pd.DataFrame):
        x = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
        store = tmp_path / "features.zarr"
        values = np.arange(2.0 * N).reshape(N, 2)[::-1]
        names = ["area_um2", "length_um"]
        axes = ["object", "feature"]
        write_samples(store, IDS[::-1], values, axes=axes, units="", provenance={}, names=names)
        clusters = pd.DataFrame({"id": IDS, "kmeans": [0, 1] * (N // 2), "dbscan": [-1, 0, 0] * 4})
        clusters.attrs[RECOMMENDED] = "dbscan"
        maps = pd.DataFrame({"id": IDS, "tsne_1": np.nan, "tsne_2": 0.0, "umap_1": 1, "umap_2": 2})
        outliers = pd.DataFrame({"id": IDS, "distance": 2.0, "outlier": [True] + [False] * (N - 1)})
        made = annotate(make_embedding(x, rows, {}), store, maps, clusters.iloc[::-1], outliers)
        made.uns["provenance"] = nested({"seed": None, "settings": {"k": [1, 3], "m": ["a"]}})
        write_embedding(tmp_path / "analysed.h5ad", made)
        return read_embedding(tmp_path / "analysed.h5ad"), tmp_path / "analysed.h5ad"

    return make


def test_features_have_names_and_rows_follow_the_embedding(known):
    data, _ = known(objects())
    assert list(data.var_names) == ["area_um2", "length_um"] and list(data.obs_names) == IDS
    np.testing.assert_array_equal(data[:, "area_um2"].X.ravel(), np.arange(0, 2 * N, 2))
    assert data.obs["clusters_kmeans"].tolist() == ["0", "1"] * (N // 2)


def test_maps_are_where_scanpy_looks_and_one_that_is_missing_is_left_out(known):
    data, _ = known(objects())
    assert {*data.obsm} == {"X_embedding", "X_pca", "X_umap"}
    np.testing.assert_array_equal(data.obsm["X_umap"], [[1, 2]] * N)
    moved = data.obsm["X_embedding"] - data.obsm["X_embedding"].mean(axis=0)
    spread = np.square(moved).sum(axis=1)
    shown = np.square(data.obsm["X_pca"]).sum(axis=1)
    np.testing.assert_allclose(shown / shown.sum(), spread / spread.sum(), rtol=1e-4)


def test_categories_have_the_colours_of_the_figures(known):
    data, _ = known(objects())
    assert data.obs["clusters"].tolist() == ["noise", "0", "0"] * 4
    assert list(data.obs["clusters"].cat.categories) == ["0", "noise"]
    assert list(data.uns["clusters_colors"]) == [CLUSTER_COLORS[0], GREY]
    assert list(data.obs["label"].cat.categories) == ["a", "b"]
    assert list(data.uns["label_colors"]) == list(LABEL_COLORS[:2])
    assert data.obs["outlier"].tolist() == ["outlier"] + ["typical"] * (N - 1)
    for name in data.obs.select_dtypes("category"):
        assert len(data.uns[f"{name}_colors"]) == len(data.obs[name].cat.categories)


def test_a_column_without_values_goes_and_a_user_s_of_the_same_name_stays(known):
    data, _ = known(objects(label=None, clusters="mine"))
    assert "label" not in data.obs and set(data.obs["given_clusters"]) == {"mine"}


def test_provenance_is_a_mapping_of_plain_values(known):
    data, _ = known(objects())
    record = data.uns["provenance"]
    assert "seed" not in record and record["settings"]["k"] == "[1, 3]"
    assert list(record["settings"]["m"]) == ["a"]


def test_older_readers_know_every_encoding(known):
    _, path = known(objects())
    found = set()
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.add(item.attrs.get("encoding-type")))
    old = {"array", "string-array", "categorical", "dict", "dataframe", "string", "numeric-scalar"}
    assert found <= old, found - old
