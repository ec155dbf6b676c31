"""Laws of maps: nothing depends on how an embedding is turned, and equal runs give equal bytes."""

import numpy as np
import pytest

from morphoflow.analysis.geometry import centred, principal_components
from morphoflow.analysis.maps import map_embedding
from morphoflow.errors import InputError
from morphoflow.tables import read_table, write_table
from synthetic_embeddings import blobs, rotation

COLUMNS = ["id", "pca_1", "pca_2", "tsne_1", "tsne_2", "umap_1", "umap_2"]


def maps_of(x, **settings):
    return map_embedding(x, np.array([f"object{i}" for i in range(len(x))]), **settings)


def test_principal_components_do_not_depend_on_rotation_place_or_scale():
    x, _ = blobs(40, 3)
    turned = x.astype(np.float64) @ rotation(8) * 1000 + 5
    first, share = principal_components(x, 5)
    second, turned_share = principal_components(turned, 5)
    np.testing.assert_allclose(first, second, atol=1e-6)
    np.testing.assert_allclose(share, turned_share, atol=1e-8)


def test_principal_components_of_a_known_cross():
    x = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])
    coordinates, share = principal_components(x, 3)
    assert share == pytest.approx([0.9, 0.1, 0])
    # Scaled to a root mean square distance of one: from 20 / 4.
    np.testing.assert_allclose(np.abs(coordinates), np.abs(np.pad(x, ((0, 0), (0, 1)))) / 5**0.5)


def test_all_components_keep_all_distances():
    x, _ = blobs(20, 2, d=6)
    coordinates, share = principal_components(x, 6)
    np.testing.assert_allclose((coordinates**2).sum(axis=1), (centred(x) ** 2).sum(axis=1))
    assert share.sum() == pytest.approx(1)


def test_maps_are_equal_to_the_byte_and_keep_their_shares(tmp_path):
    x, _ = blobs(60, 3)
    for name in ("one", "two"):
        write_table(tmp_path / name, maps_of(x, seed=4), {})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    table = read_table(tmp_path / "one")
    assert list(table) == COLUMNS
    assert (table.dtypes[1:] == np.float32).all()
    assert table.attrs["explained_variance"] == maps_of(x).attrs["explained_variance"]


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
def test_blobs_far_apart_stay_apart(method):
    x, labels = blobs(60, 3)
    points = maps_of(x)[[f"{method}_1", f"{method}_2"]].to_numpy(dtype=np.float64)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (labels[distance.argmin(axis=1)] == labels).all()


@pytest.mark.parametrize(("n", "d"), [(5, 1), (6, 3), (17, 64)])
def test_small_embeddings_have_finite_maps(n, d):
    x = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    assert np.isfinite(maps_of(x)[COLUMNS[1:]].to_numpy()).all()


def test_too_small_or_collapsed_embeddings_have_no_neighbour_maps():
    for x in (np.eye(4, dtype=np.float32), np.ones((9, 3), dtype=np.float32)):
        table = maps_of(x)
        assert np.isfinite(table[["pca_1", "pca_2"]].to_numpy()).all()
        assert table[["tsne_1", "tsne_2", "umap_1", "umap_2"]].isna().all(axis=None)
    with pytest.raises(InputError, match="at least 2 objects, but the embedding has n = 1"):
        maps_of(np.ones((1, 3)))
