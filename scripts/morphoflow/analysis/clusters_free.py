"""Clustering methods that find the number of clusters themselves; two of them know noise.

Each takes ``x`` (n, d) as :func:`morphoflow.analysis.geometry.centred` gives it and a seed, and
returns the cluster of each row, (n,), -1 for noise.
"""

import warnings

import numpy as np
from hdbscan import HDBSCAN
from sklearn.cluster import DBSCAN, AffinityPropagation
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import NearestNeighbors

from morphoflow.analysis.clusters_counted import check_pairs


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


def _knee(curve: np.ndarray) -> float:
    """The value of an increasing ``curve`` (n,) where it lies furthest below its chord."""
    chord = np.linspace(curve[0], curve[-1], len(curve))
    return float(curve[int(np.argmax(chord - curve))])


FREE = {
    "hdbscan": hdbscan,
    "dbscan": dbscan,
    "affinity_propagation": affinity_propagation,
}
