"""Clusters of an embedding by seven methods, with defaults that do not depend on its scale."""

import warnings

import numpy as np
from hdbscan import HDBSCAN
from sklearn.cluster import DBSCAN, AffinityPropagation
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import silhouette_score
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from morphoflow.analysis.clusters_counted import COUNTED, check_pairs
from morphoflow.analysis.geometry import centred, check_embedding
from morphoflow.errors import CannotAnalyse
from morphoflow.tables import NOISE

# Clustering methods that find the number of clusters themselves; two of them know noise.
#
# Each takes ``x`` (n, d) as :func:`morphoflow.analysis.geometry.centred` gives it and a seed, and
# returns the cluster of each row, (n,), -1 for noise.


def affinity_propagation(x: np.ndarray, seed: int) -> np.ndarray:
    """Affinity propagation (Frey and Dueck 2007) on negative squared distances, damping 0.9.

    The preference is the smallest similarity, which they advise for few clusters. Where it finds no
    stable set of exemplars, every object is noise.
    """
    check_pairs(len(x), "affinity_propagation")
    similarity = -euclidean_distances(x, squared=True)
    model = AffinityPropagation(
        affinity="precomputed",
        preference=similarity.min(),
        damping=0.9,
        max_iter=1000,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(similarity)


def dbscan(x: np.ndarray, seed: int) -> np.ndarray:
    """DBSCAN (Ester et al. 1996) with the radius at the knee of the sorted neighbour distances.

    The distance is that to the fourth neighbour (fewer below 12 objects), as they advise; the knee
    is the point furthest below the chord of the curve (Satopaa et al. 2011).
    """
    n_neighbours = max(1, min(4, len(x) // 3))
    distances = NearestNeighbors(n_neighbors=n_neighbours).fit(x).kneighbors()[0][:, -1]
    # A little more, so that rounding does not decide on objects at exactly that distance.
    radius = max(_knee(np.sort(distances)) * (1 + 1e-9), np.finfo(float).eps)
    return DBSCAN(eps=radius, min_samples=n_neighbours + 1).fit_predict(x)


def hdbscan(x: np.ndarray, seed: int) -> np.ndarray:
    """HDBSCAN (Campello, Moulavi and Sander 2013); the smallest cluster has sqrt(n) / 2 objects.

    But at least 3 objects, or 2 where there are fewer than 9 objects in all. The density around an
    object is measured at its third neighbour, the object itself counted.
    """
    smallest = 2 if len(x) < 9 else max(3, round(np.sqrt(len(x)) / 2))
    model = HDBSCAN(
        min_cluster_size=smallest,
        min_samples=min(3, smallest) - 1,  # this package does not count the object itself
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    )
    return model.fit_predict(x)


FREE = {
    "hdbscan": hdbscan,
    "dbscan": dbscan,
    "affinity_propagation": affinity_propagation,
}


# Silhouettes are quadratic in the number of objects; a sample of this size decides as well.
SILHOUETTE_SAMPLE = 2000


def cluster(
    x: np.ndarray,
    method: str,
    *,
    n_clusters: int | str = "auto",
    max_clusters: int = 12,
    seed: int = 0,
) -> np.ndarray:
    """The cluster of each row of ``x`` (n, d), as (n,) int64 with -1 for noise.

    ``n_clusters`` is for the methods that need it (kmeans, agglomerative, spectral,
    gaussian_mixture): a number, or "auto" for the number from 2 to ``max_clusters`` (and n / 2)
    with the largest silhouette (Rousseeuw 1987), the smallest one in a tie. It never exceeds the
    number of distinct rows. Clusters are numbered by size, in a tie by their first row, so that
    equal rows in equal order give equal numbers. Raises InputError for fewer than 3 rows, values
    that are not finite, or more clusters than rows.
    """
    check_embedding(x, 3, f"clustering by {method}")
    if n_clusters != "auto" and n_clusters > len(x):
        raise CannotAnalyse(
            f"n_clusters is {n_clusters}, but there are only n = {len(x)} objects; lower it."
        )
    scaled = centred(x)
    distinct = len(np.unique(scaled, axis=0))
    if distinct == 1:
        return np.zeros(len(x), dtype=np.int64)
    with threadpool_limits(limits=1):
        if method in FREE:
            return canonical(FREE[method](scaled, seed))
        counts = _counts(len(x), distinct, n_clusters, max_clusters)
        return canonical(_best(scaled, COUNTED[method](scaled, counts, seed), seed))


def canonical(clusters: np.ndarray) -> np.ndarray:
    """Cluster numbers (n,) from 0 by decreasing size, ties by first member; -1 stays noise."""
    kept = clusters != NOISE
    _, first, inverse, size = np.unique(
        clusters[kept], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(size), dtype=np.int64)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    renamed = np.full(len(clusters), NOISE, dtype=np.int64)
    renamed[kept] = rank[inverse]
    return renamed


def silhouette(x: np.ndarray, clusters: np.ndarray, seed: int = 0) -> float:
    """Mean silhouette of the rows that are not noise; NaN where it is not defined."""
    kept = np.flatnonzero(clusters != NOISE)
    if len(kept) > SILHOUETTE_SAMPLE:
        kept = np.sort(np.random.default_rng(seed).choice(kept, SILHOUETTE_SAMPLE, replace=False))
    n_clusters = len(np.unique(clusters[kept]))
    if not 2 <= n_clusters < len(kept):
        return float("nan")
    distances = euclidean_distances(x[kept].astype(np.float64))
    np.fill_diagonal(distances, 0)
    return float(silhouette_score(distances, clusters[kept], metric="precomputed"))


def _counts(n: int, distinct: int, n_clusters: int | str, max_clusters: int) -> list[int]:
    if n_clusters != "auto":
        return [min(n_clusters, distinct)]
    return list(range(2, max(2, min(max_clusters, distinct, n // 2)) + 1))


def _best(x: np.ndarray, partitions: list[np.ndarray], seed: int) -> np.ndarray:
    if len(partitions) == 1:
        return partitions[0]
    scores = [silhouette(x, clusters, seed) for clusters in partitions]
    # Rounded, so that the last bits of a sum do not decide between equal partitions.
    return partitions[int(np.nanargmax(np.round(scores, 9)))]


def _knee(curve: np.ndarray) -> float:
    """The value of an increasing ``curve`` (n,) where it lies furthest below its chord."""
    chord = np.linspace(curve[0], curve[-1], len(curve))
    return float(curve[int(np.argmax(chord - curve))])
