"""Clustering methods that need the number of clusters.

Each takes ``x`` (n, d) as :func:`morphoflow.analysis.geometry.centred` gives it, the numbers of
clusters to try, and a seed, and returns one array (n,) of clusters for each number.
"""

import warnings

import numpy as np
import scipy.sparse
from scipy.cluster.hierarchy import cut_tree, linkage
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.manifold import spectral_embedding
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from morphoflow.analysis.geometry import principal_components
from morphoflow.errors import CannotAnalyse

# Condensed distances of this many objects take 3.2 GB.
MOST_FOR_ALL_PAIRS = 20_000
SPECTRAL_NEIGHBOURS = 10
# The scale of an object's surroundings in Zelnik-Manor and Perona 2004.
LOCAL_SCALE_NEIGHBOUR = 7
MIXTURE_VARIANCE = 0.95
MIXTURE_FLOOR = 1e-3


def kmeans(x: np.ndarray, counts: list[int], seed: int) -> list[np.ndarray]:
    """k-means, the best of 10 k-means++ starts (Arthur and Vassilvitskii 2007)."""
    return [KMeans(k, n_init=10, random_state=seed).fit_predict(x) for k in counts]


def agglomerative(x: np.ndarray, counts: list[int], seed: int) -> list[np.ndarray]:
    """Ward's hierarchical clustering (1963): one tree, cut at each number of clusters."""
    check_pairs(len(x), "agglomerative")
    return list(cut_tree(linkage(x, "ward"), counts).T)


def spectral(x: np.ndarray, counts: list[int], seed: int) -> list[np.ndarray]:
    """Normalised spectral clustering (Ng, Jordan and Weiss 2001) of a graph of 10 neighbours.

    An edge weighs exp(-d^2 / (s_i s_j)), where s is the distance to the seventh neighbour.
    """
    most = max(counts)
    # The sparse solver needs many more objects than eigenvectors; "lobpcg" is dense below that.
    solver = "arpack" if len(x) >= 5 * most + 1 else "lobpcg"
    with warnings.catch_warnings():
        # A graph in pieces is an answer: its pieces become clusters.
        warnings.filterwarnings("ignore", message="Graph is not fully connected")
        vectors = spectral_embedding(
            _neighbour_graph(x),
            n_components=most,
            eigen_solver=solver,
            random_state=seed,
            drop_first=False,
        )
    return [kmeans(_unit_rows(vectors[:, :k]), [k], seed)[0] for k in counts]


def gaussian_mixture(x: np.ndarray, counts: list[int], seed: int) -> list[np.ndarray]:
    """A mixture of Gaussians in the principal components that hold 95 % of the variance.

    Of covariances along the components, of one for all and of one for each Gaussian, those with
    the smallest Bayesian information criterion are taken (Fraley and Raftery 2002), so that few
    objects are not asked for many parameters. A floor of 0.1 % of the mean variance keeps a
    Gaussian from shrinking onto one object.
    """
    coordinates, share = principal_components(x, min(x.shape))
    kept = int(np.searchsorted(np.cumsum(share), MIXTURE_VARIANCE)) + 1
    coordinates = coordinates[:, :kept]
    return [_mixture(coordinates, k, seed).predict(coordinates) for k in counts]


def _mixture(x: np.ndarray, k: int, seed: int) -> GaussianMixture:
    fitted = []
    for covariance in ("diag", "tied", "full"):
        model = GaussianMixture(
            k,
            covariance_type=covariance,
            n_init=3,
            reg_covar=MIXTURE_FLOOR / x.shape[1],
            random_state=seed,
            max_iter=300,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.append(model.fit(x))
    return min(fitted, key=lambda model: model.bic(x))


def check_pairs(n: int, method: str) -> None:
    """Raise CannotAnalyse where a method would need more memory than a machine may be asked for."""
    if n > MOST_FOR_ALL_PAIRS:
        raise CannotAnalyse(
            f"{method} clustering compares all pairs and takes at most {MOST_FOR_ALL_PAIRS} "
            f"objects, but there are n = {n}; remove it from the clustering methods."
        )


def _neighbour_graph(x: np.ndarray) -> scipy.sparse.csr_array:
    n = len(x)
    n_neighbours = min(SPECTRAL_NEIGHBOURS, n - 1)
    distance, neighbour = NearestNeighbors(n_neighbors=n_neighbours).fit(x).kneighbors()
    scale = distance[:, min(LOCAL_SCALE_NEIGHBOUR, n_neighbours) - 1]
    # Duplicates may put the scale at zero; they are then simply alike.
    product = np.maximum(scale[:, None] * scale[neighbour], np.finfo(float).tiny)
    weight = np.exp(-(distance**2) / product)
    start = np.arange(0, n * n_neighbours + 1, n_neighbours, dtype=np.int32)
    columns = neighbour.ravel().astype(np.int32)
    graph = scipy.sparse.csr_array((weight.ravel(), columns, start), shape=(n, n))
    return graph.maximum(graph.T)


def _unit_rows(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


COUNTED = {
    "kmeans": kmeans,
    "agglomerative": agglomerative,
    "spectral": spectral,
    "gaussian_mixture": gaussian_mixture,
}
