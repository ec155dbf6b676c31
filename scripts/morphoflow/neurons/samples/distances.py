"""Gromov-Wasserstein distances between neurons: how little their inner distances can be matched.

As in CAJAL (Govek et al., Nature Communications 14, 2023), which is not used itself, since it needs
a package under the GPL; the distance is that of the optional package POT (Flamary et al., JMLR 22,
2021; MIT).
"""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from morphoflow.errors import InputError
from morphoflow.forest import Forest


def cable_points(neuron: Forest, number: int) -> np.ndarray:
    """``number`` places (number, 3) um spaced evenly along all cable of a forest of one.

    Each stands for the same length of cable, at whose middle it lies; the order is that of nodes.
    """
    length = neuron.segment_length
    total = float(length.sum())
    if not total > 0:
        raise InputError(f"the neuron '{neuron.ids[0]}' has no cable; leave it out.")
    end = np.cumsum(length)
    wanted = (np.arange(number) + 0.5) / number * total
    node = np.searchsorted(end, wanted, side="right")
    share = (end[node] - wanted) / length[node]
    xyz, parent = neuron.xyz.astype(np.float64), neuron.parent
    return xyz[node] + share[:, None] * (xyz[parent[node]] - xyz[node])


def inner_distances(points: np.ndarray) -> np.ndarray:
    """The Euclidean distances between the ``points`` (n, k, 3) of each neuron, (n, k, k)."""
    return np.stack([cdist(own, own) for own in points])


def gromov_wasserstein(inner: np.ndarray) -> np.ndarray:
    """The distance between any two of ``inner`` (n, k, k) um, (n, n) um, symmetric, 0 with itself.

    It is half the root mean square difference of inner distances under the best matching found
    (Memoli, Found. Comput. Math. 11, 2011); the search begins with points matched by how far they
    are from the others, and may end in a local optimum, above the true distance.
    """
    distances = np.zeros((len(inner), len(inner)))
    for i in range(1, len(inner)):
        distances[i, :i] = distances[:i, i] = distances_to(inner[i : i + 1], inner[:i])[0]
    return distances


def distances_to(inner: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The distance of each of ``inner`` (n, k, k) to each of ``others`` (m, k, k), (n, m) um."""
    solve = _solver()
    k = inner.shape[1]
    weight = np.full(k, 1 / k)
    order, of_others = (np.argsort(of.mean(axis=2), axis=1) for of in (inner, others))
    distances = np.empty((len(inner), len(others)))
    for i, own in enumerate(inner):
        for j, other in enumerate(others):
            start = np.zeros((k, k))
            start[order[i], of_others[j]] = 1 / k
            squared = solve(own, other, weight, weight, "square_loss", G0=start)
            distances[i, j] = np.sqrt(max(float(squared), 0.0)) / 2
    return distances


def _solver() -> Callable[..., float]:
    try:
        from ot.gromov import gromov_wasserstein2
    except ImportError:
        raise InputError(
            "Gromov-Wasserstein distances need the package POT, which is not installed; "
            "call `pip install pot`."
        ) from None
    return gromov_wasserstein2
