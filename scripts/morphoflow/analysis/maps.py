"""Two-dimensional maps of an embedding: principal components, t-SNE and UMAP."""

import contextlib
import sys
import warnings

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from morphoflow.analysis.geometry import check_embedding, principal_components

# Neighbour maps of fewer objects show nothing; their columns are then missing.
FEWEST = 5
# Enough to keep neighbourhoods; more only makes distances slow.
COMPONENTS = 50
# From here UMAP searches neighbours approximately, with functions that each process compiles anew
# (17 s); an exact search takes 0.2 s for 5,000 objects, 2 for 20,000 and some 60 for 100,000.
UMAP_SEARCHES_FROM = 4096
METHODS = ("pca", "tsne", "umap")
COLUMNS = tuple(f"{method}_{axis}" for method in METHODS for axis in (1, 2))


def map_embedding(
    x: np.ndarray,
    ids: np.ndarray,
    *,
    perplexity: float = 30,
    neighbours: int = 15,
    min_distance: float = 0.1,
    seed: int = 0,
) -> pd.DataFrame:
    """Maps of ``x`` (n, d): ``id``, then ``pca_1 pca_2 tsne_1 tsne_2 umap_1 umap_2`` (float32).

    t-SNE and UMAP see the first 50 principal components and start from the first two, so that no
    placement is left to chance; their columns are missing below 5 objects. The variance shares of
    the two components are in the table's ``attrs["explained_variance"]``.
    """
    check_embedding(x, 2, "a map")
    with threadpool_limits(limits=1):
        components, share = principal_components(x, max(2, min(COMPONENTS, *x.shape)))
        coordinates = {"pca": components[:, :2]}
        if len(x) < FEWEST or not components.any():
            coordinates |= dict.fromkeys(("tsne", "umap"), np.full((len(x), 2), np.nan))
        else:
            coordinates["tsne"] = tsne(components, perplexity, seed)
            coordinates["umap"] = umap(components, neighbours, min_distance, seed)
    columns = {
        f"{method}_{axis + 1}": coordinates[method][:, axis].astype(np.float32)
        for method in METHODS
        for axis in (0, 1)
    }
    table = pd.DataFrame({"id": np.asarray(ids, dtype=object), **columns})
    table.attrs["explained_variance"] = [round(float(value), 6) for value in share[:2]]
    return table


def tsne(components: np.ndarray, perplexity: float, seed: int) -> np.ndarray:
    """t-SNE (van der Maaten and Hinton 2008) of principal components (n, d), as (n, 2).

    The perplexity is at most a third of the other objects; the start is that of Kobak and Berens
    2019.
    """
    from sklearn.manifold import TSNE

    start = _start(components, seed)
    model = TSNE(
        perplexity=min(perplexity, (len(components) - 1) / 3),
        init=start * np.float32(1e-4) / start[:, 0].std(),
        random_state=seed,
        n_jobs=1,
    )
    return model.fit_transform(components.astype(np.float32))


def umap(components: np.ndarray, neighbours: int, min_distance: float, seed: int) -> np.ndarray:
    """UMAP (McInnes, Healy and Melville 2018) of principal components (n, d), as (n, 2).

    At most n - 1 neighbours.
    """
    # Imported here because only this function needs it, and it takes seconds.
    from umap import UMAP

    keep_compiled("umap", "pynndescent")
    neighbours = min(neighbours, len(components) - 1)
    components = components.astype(np.float32)
    known = {}
    if len(components) >= UMAP_SEARCHES_FROM:
        known["precomputed_knn"] = _nearest(components, neighbours)
    model = UMAP(
        n_neighbors=neighbours,
        min_dist=min_distance,
        init=_start(components, seed),
        random_state=seed,
        n_jobs=1,
        **known,
    )
    with warnings.catch_warnings():
        # Objects at one place are a fact of the data, not of the map.
        warnings.filterwarnings("ignore", message="A large number of your vertices")
        warnings.filterwarnings("ignore", message=".*transforming new data")
        return model.fit_transform(components)


def keep_compiled(*packages: str) -> None:
    """Let Numba keep on disk, where there is room, what imported ``packages`` compile when called.

    UMAP would otherwise compile for some 8 s in each process.
    """
    from numba.core.dispatcher import Dispatcher

    names = [name for name in sys.modules if name.partition(".")[0] in packages]
    for value in [value for name in names for value in vars(sys.modules[name]).values()]:
        # Those with fixed types are compiled already.
        if isinstance(value, Dispatcher) and value._can_compile:
            with contextlib.suppress(RuntimeError):
                value.enable_caching()


def _nearest(x: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances (n, neighbours) of the nearest objects, the object itself first."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(x)
    distances, indices = search.kneighbors(x)
    return indices, distances.astype(np.float32)


def _start(components: np.ndarray, seed: int) -> np.ndarray:
    """The first two components, scaled to 10; noise where the data have but one dimension."""
    start = components[:, :2] * (10 / np.abs(components[:, :2]).max())
    if np.ptp(start[:, 1]) < 1e-6:
        start[:, 1] = np.random.default_rng(seed).normal(scale=1e-3, size=len(start))
    return start.astype(np.float32)
