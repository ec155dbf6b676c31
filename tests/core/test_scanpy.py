"""What README says of scanpy, on the file as it is; skipped where scanpy is not installed."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.annotated import annotate
from morphoflow.embedding import make_embedding, write_embedding
from morphoflow.store import write_samples
from morphoflow.tables import RECOMMENDED
from synthetic_embeddings import blobs, splits

scanpy = pytest.importorskip("scanpy")
N = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scanpy")
    x, labels = blobs(N, 3)
    ids = [f"o{i}" for i in range(N)]
    columns = {"source": "s", "label": labels, "group": ids, "split": splits(N, 3)}
    names = [f"feature{k}_um" for k in range(x.shape[1])]
    axes, store = ["object", "feature"], folder / "features.zarr"
    write_samples(store, ids, x, axes=axes, units="", provenance={}, names=names)
    clusters = pd.DataFrame({"id": ids, "kmeans": np.arange(N) % 3})
    clusters.attrs[RECOMMENDED] = "kmeans"
    xy = {f"{name}_{k + 1}": x[:, k] for name in ("tsne", "umap") for k in (0, 1)}
    outliers = pd.DataFrame({"id": ids, "distance": 1.0, "outlier": np.arange(N) < 2})
    rows = pd.DataFrame({"id": ids} | columns)
    made = annotate(
        make_embedding(x, rows, {}), store, pd.DataFrame({"id": ids} | xy), clusters, outliers
    )
    made.uns["provenance"] = {"command": "test"}
    write_embedding(folder / "analysed.h5ad", made)
    return scanpy.read_h5ad(folder / "analysed.h5ad")


def test_maps_are_drawn_in_the_colours_of_the_file(data):
    axes = scanpy.pl.umap(data, color=["label", "clusters", "feature0_um"], show=False)
    drawn = {tuple(color) for color in axes[1].collections[0].get_facecolors().round(3).tolist()}
    assert len(drawn) == 3 and len(axes) == 3
    scanpy.pl.tsne(data, color="outlier", show=False)
    scanpy.pl.pca(data, color="split", show=False)


def test_neighbours_in_the_embedding_are_of_one_class(data):
    near = data.copy()
    scanpy.pp.neighbors(near, n_neighbors=5, use_rep="X_embedding")
    rows, columns = near.obsp["distances"].nonzero()
    labels = near.obs["label"].to_numpy()
    assert (labels[rows] == labels[columns]).all()


def test_features_that_set_clusters_apart_are_named(data):
    ranked = data.copy()
    scanpy.tl.rank_genes_groups(ranked, "clusters", method="wilcoxon")
    names = scanpy.get.rank_genes_groups_df(ranked, "0")["names"]
    assert set(names) == set(data.var_names)
