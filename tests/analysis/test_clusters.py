"""Laws of clustering: known answers, noise, scale, order of numbers, small inputs."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from morphoflow.analysis.agreement import (
    cluster_scores,
    label_scores,
    matched_accuracy,
    most_stable,
    purity,
    stability,
)
from morphoflow.analysis.clusters import FREE, canonical, cluster, silhouette
from morphoflow.errors import InputError
from synthetic_embeddings import blobs, rotation

ALWAYS_ALL = ("kmeans", "agglomerative", "spectral", "gaussian_mixture")
METHODS = (*ALWAYS_ALL, *FREE)


def partition(clusters):
    """A clustering as a set of sets of rows, so without the numbers."""
    return {frozenset(np.flatnonzero(clusters == k)) for k in set(clusters) - {-1}}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "n_classes"), [(18, 3), (120, 4)])
def test_blobs_far_apart_are_found_by_every_method(method, n, n_classes):
    x, labels = blobs(n, n_classes)
    found = cluster(x, method)
    kept = found >= 0
    assert kept.mean() > 0.8
    assert label_scores(found, labels)["ari"][0] == pytest.approx(1)
    assert found.max() + 1 == n_classes


@pytest.mark.parametrize("method", METHODS)
def test_scale_and_place_of_the_embedding_do_not_matter(method):
    x, _ = blobs(60, 3, apart=3)
    # Binary fractions, so that rounding plays no part; so far away that squares lose the rest.
    x = np.round(x.astype(np.float64) * 256) / 256
    moved = x * 1024 + 2.0**36
    assert (cluster(moved, method) == cluster(x, method)).all()


@pytest.mark.parametrize("method", ["kmeans", "agglomerative", "hdbscan", "dbscan"])
def test_turning_the_embedding_does_not_matter(method):
    x, _ = blobs(60, 3)
    turned = x.astype(np.float64) @ rotation(x.shape[1])
    assert partition(cluster(turned, method)) == partition(cluster(x, method))


@pytest.mark.parametrize("method", METHODS)
def test_equal_input_gives_equal_bytes(method):
    x, _ = blobs(50, 3, apart=2)
    first, second = cluster(x, method, seed=3), cluster(x.copy(), method, seed=3)
    assert first.tobytes() == second.tobytes()
    assert first.dtype == np.int64


def test_the_global_random_state_is_neither_read_nor_advanced():
    x, _ = blobs(40, 3, apart=2)
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for method in METHODS:
        cluster(x, method)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [3, 4, 5, 9])
def test_few_objects_are_clustered(method, n):
    x = np.random.default_rng(n).normal(size=(n, 4)).astype(np.float32)
    found = cluster(x, method)
    assert found.shape == (n,)
    assert set(found) - {-1} == set(range(found.max() + 1))


@pytest.mark.parametrize("method", METHODS)
def test_duplicates_and_a_collapsed_embedding(method):
    assert (cluster(np.ones((10, 3)), method) == 0).all()
    places = np.repeat([[0.0, 0.0], [0.0, 9.0], [10.0, 0.0], [12.0, 11.0]], 5, axis=0)
    found = cluster(places, method)
    assert (found.reshape(4, 5) == found[::5, None]).all()
    if method in ALWAYS_ALL:
        assert len(set(found)) == 4


@pytest.mark.parametrize("method", ALWAYS_ALL)
def test_the_number_of_clusters_asked_for_is_given(method):
    x, _ = blobs(40, 3)
    assert set(cluster(x, method, n_clusters=5)) == set(range(5))


def test_auto_tries_no_more_than_max_clusters():
    x, _ = blobs(80, 5)
    assert cluster(x, "kmeans", max_clusters=3).max() < 3
    assert cluster(x, "kmeans", max_clusters=12).max() == 4


def test_too_few_objects_and_too_many_clusters_are_refused_with_n():
    with pytest.raises(InputError, match="n = 2"):
        cluster(np.eye(2), "kmeans")
    with pytest.raises(InputError, match=r"n_clusters is 9.* n = 5"):
        cluster(np.eye(5), "kmeans", n_clusters=9)
    with pytest.raises(InputError, match=r"row 1 .*not finite"):
        cluster(np.array([[1.0], [np.nan], [2.0]]), "kmeans")


def test_numbers_go_by_size_then_first_member():
    assert canonical(np.array([7, 2, 2, -1, 7, 5, 2])).tolist() == [1, 0, 0, -1, 1, 2, 0]
    assert canonical(np.array([3, 1, 3, 1])).tolist() == [0, 1, 0, 1]
    assert canonical(np.array([-1, -1])).tolist() == [-1, -1]


def test_agreement_does_not_depend_on_numbers_or_names():
    generator = np.random.default_rng(0)
    clusters = generator.integers(-1, 4, size=60)
    labels = generator.choice(list("abc"), size=60).astype(object)
    renumbered = np.where(clusters < 0, -1, np.array([2, 3, 0, 1])[clusters])
    renamed = np.array([{"a": "z", "b": "a", "c": "b"}[label] for label in labels], dtype=object)
    scores = label_scores(clusters, labels)
    for other in (label_scores(renumbered, labels), label_scores(clusters, renamed)):
        for name, (value, n) in scores.items():
            assert other[name] == (pytest.approx(value), n)


def test_noise_is_left_out_counted_and_not_rewarded():
    labels = np.array(["a", "a", "a", "b", "b", "b", None, None], dtype=object)
    clusters = np.array([0, 0, -1, 1, 1, -1, 0, -1])
    scores = label_scores(clusters, labels)
    assert scores["ari"] == (1.0, 4)
    assert scores["purity"] == (1.0, 4)
    assert scores["coverage"] == (pytest.approx(4 / 6), 6)
    # Pairs: 2 agree as together, expected 2 * 6 / 15, most (2 + 6) / 2.
    assert scores["ari_with_noise"] == (pytest.approx((2 - 0.8) / (4 - 0.8)), 6)


def test_matched_accuracy_of_a_known_table():
    labels = np.array(["a", "a", "a", "b", "b", "c"])
    assert matched_accuracy(labels, np.array([1, 1, 1, 0, 0, 2])) == pytest.approx(1)
    # Both large clusters hold mostly "a", but only one of them can be its own.
    assert matched_accuracy(labels, np.array([0, 0, 1, 1, -1, -1])) == pytest.approx(
        (2 / 3 + 1 / 2 + 0) / 3
    )
    assert matched_accuracy(labels, np.zeros(6, dtype=int)) == pytest.approx(1 / 3)


def test_purity_of_a_known_table():
    labels = np.array(["a", "a", "b", "b", "b", "c"])
    assert purity(labels, np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(4 / 6)
    assert purity(labels, np.zeros(6)) == pytest.approx(3 / 6)


def test_scores_that_are_not_defined_are_missing():
    x, labels = blobs(12, 3)
    rows = {row["score"]: row for row in cluster_scores(x, "dbscan", np.full(12, -1), labels)}
    assert np.isnan(rows["dbscan_silhouette"]["value"])
    assert np.isnan(rows["dbscan_ari"]["value"])
    assert rows["dbscan_noise_fraction"]["value"] == 1
    assert rows["dbscan_clusters"]["value"] == 0
    unlabelled = label_scores(np.zeros(12, dtype=int), np.full(12, None, dtype=object))
    assert all(np.isnan(value) and n == 0 for value, n in unlabelled.values())


def test_silhouette_of_a_known_line():
    # Points 0, 1 against 4: a = 1, 1; b = 4, 3; the single point counts 0.
    x = np.array([[0.0], [1.0], [4.0], [9.0]])
    assert silhouette(x, np.array([0, 0, 1, -1])) == pytest.approx((3 / 4 + 2 / 3 + 0) / 3)


def test_blobs_are_stable_and_noise_is_not():
    x, _ = blobs(60, 3)
    certain = stability(x, "kmeans", cluster(x, "kmeans"), np.arange(60), 0)
    assert certain["value"] == certain["low"] == 1
    cloud = np.random.default_rng(0).normal(size=(60, 8))
    vague = stability(cloud, "kmeans", cluster(cloud, "kmeans", n_clusters=5), np.arange(60), 0)
    assert vague["value"] < 0.8
    assert vague["low"] <= vague["value"] <= vague["high"]
    assert np.isnan(stability(x, "dbscan", np.zeros(60, dtype=int), np.arange(60), 0)["value"])


def test_a_mixture_tells_needles_that_cross_apart():
    generator = np.random.default_rng(0)
    truth = np.arange(400) % 2
    along, across = generator.normal(0, 5, 400), generator.normal(0, 0.5, 400)
    x = np.stack([along + across, np.where(truth, 1, -1) * (along - across)], axis=1)
    assert adjusted_rand_score(truth, cluster(x, "gaussian_mixture", n_clusters=2)) > 0.6
    assert adjusted_rand_score(truth, cluster(x, "kmeans", n_clusters=2)) < 0.1


def test_the_most_stable_method_is_recommended_unless_it_leaves_most_objects_out():
    two, one, noise = np.arange(8) % 2, np.zeros(8, int), np.where(np.arange(8) < 5, -1, 1)
    found = {"kmeans": two, "dbscan": two, "hdbscan": noise, "spectral": one}
    best = {"kmeans": 0.5, "dbscan": 0.9, "hdbscan": 0.99, "spectral": np.nan}
    assert most_stable(found, best) == "dbscan"
    assert most_stable(found, {**best, "dbscan": 0.501}) == "kmeans"  # equal in two digits
    assert most_stable({"spectral": one, "hdbscan": noise}, best) == "spectral"
