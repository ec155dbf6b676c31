"""How far two samples of feature vectors are apart: kernel distance, neighbourhoods, a test.

Feature matrices are (n, d) and (m, d), the real one first. All measures but :func:`kid` are made of
Euclidean distances: bring features of unlike units to one scale before. Neighbour measures take
every row for a draw of its own, so that rows drawn twice, as in a bootstrap with replacement, count
as copies: draw without replacement there.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

# Rows whose distances to all others are held at a time.
BLOCK_ROWS = 256

Features = NDArray[np.float64]


def kid(x: ArrayLike, y: ArrayLike) -> float:
    """The kernel inception distance: squared maximum mean discrepancy, estimated without bias.

    The kernel is ``(x . y / d + 1) ** 3`` (Binkowski et al., ICLR 2018). Without bias, it is 0 on
    average for samples of one distribution, whatever their numbers, and may be negative.
    Raises ValueError for less than two rows or unequal columns.
    """
    x, y = _checked(x, y, least=2)
    within = _kernel_sum(x, x) - _kernel_diagonal(x), _kernel_sum(y, y) - _kernel_diagonal(y)
    n, m = len(x), len(y)
    pairs = n * (n - 1), m * (m - 1)
    return within[0] / pairs[0] + within[1] / pairs[1] - 2 * _kernel_sum(x, y) / (n * m)


def prdc(x: ArrayLike, y: ArrayLike, k: int = 5) -> dict[str, float]:
    """``precision``, ``recall``, ``density`` and ``coverage`` of generated ``y`` for real ``x``.

    A row's ball reaches to its k-th nearest row of its own sample. Precision is the share of ``y``
    within any ball of ``x``, recall that of ``x`` within any ball of ``y`` (Kynkaanniemi et al.,
    NeurIPS 2019); density is the mean number of balls of ``x`` around a row of ``y``, over k, and
    coverage the share of the balls of ``x`` with a row of ``y`` (Naeem et al., ICML 2020). All are
    0 to 1 but density, which is 1 on average for equal distributions and may exceed it.
    Raises ValueError for k below 1, k rows or less, or unequal columns.
    """
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    x, y = _checked(x, y, least=k + 1)
    radius_x, radius_y = _neighbour_distance(x, k), _neighbour_distance(y, k)
    around_y, in_ball_of_y, covered = np.zeros(len(y)), [], []
    for rows, distance in _distances(x, y):
        inside = distance <= radius_x[rows, None]
        around_y += inside.sum(0)
        covered.append(inside.any(1))
        in_ball_of_y.append((distance <= radius_y).any(1))
    return {
        "precision": float((around_y > 0).mean()),
        "recall": float(np.concatenate(in_ball_of_y).mean()),
        "density": float(around_y.mean() / k),
        "coverage": float(np.concatenate(covered).mean()),
    }


def two_sample_accuracy(x: ArrayLike, y: ArrayLike) -> float:
    """How often the nearest other row tells of which sample a row is, 0 to 1.

    This is the classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017) with the one nearest
    neighbour, each row left out in turn: 1/2 where nothing tells the samples apart, 1 where all
    does, and 0 where each row has a copy on the other side. It is the mean of the accuracies on
    both sides, for which unequal numbers of rows shift nothing; rows with several nearest ones
    count by their share. Raises ValueError for less than two rows or unequal columns.
    """
    x, y = _checked(x, y, least=2)
    return (_own_share(x, y) + _own_share(y, x)) / 2


def _checked(x: ArrayLike, y: ArrayLike, *, least: int) -> tuple[Features, Features]:
    x, y = (np.asarray(values, dtype=np.float64) for values in (x, y))
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"feature matrices (n, d) and (m, d) have shapes {x.shape} and {y.shape}")
    if min(len(x), len(y)) < least:
        raise ValueError(f"{len(x)} and {len(y)} rows are given where {least} are needed of each")
    return x, y


def _blocks(x: Features) -> Iterator[slice]:
    return (slice(start, start + BLOCK_ROWS) for start in range(0, len(x), BLOCK_ROWS))


def _distances(x: Features, y: Features) -> Iterator[tuple[slice, Features]]:
    """Blocks of rows, and their squared distances (rows, m)."""
    return ((rows, cdist(x[rows], y, "sqeuclidean")) for rows in _blocks(x))


def _distances_to_others(x: Features) -> Iterator[Features]:
    """Squared distances (rows, n) within a sample, infinite from each row to itself."""
    for rows, distance in _distances(x, x):
        np.fill_diagonal(distance[:, rows], np.inf)
        yield distance


def _neighbour_distance(x: Features, k: int) -> Features:
    """Squared distances (n,) to the k-th nearest other row."""
    distances = [np.partition(distance, k - 1)[:, k - 1] for distance in _distances_to_others(x)]
    return np.concatenate(distances)


def _own_share(x: Features, y: Features) -> float:
    """The share of the rows of ``x`` with the nearest other row in ``x``, and not in ``y``."""
    own, other = [], []
    blocks = zip(_distances_to_others(x), (d for _, d in _distances(x, y)), strict=True)
    for within, across in blocks:
        nearest = np.minimum(within.min(1), across.min(1))[:, None]
        own.append((within == nearest).sum(1))
        other.append((across == nearest).sum(1))
    own, other = np.concatenate(own), np.concatenate(other)
    return float((own / (own + other)).mean())


def _kernel(products: Features, columns: int) -> Features:
    return (products / columns + 1) ** 3


def _kernel_sum(x: Features, y: Features) -> float:
    d = x.shape[1]
    return float(sum(_kernel(x[rows] @ y.T, d).sum() for rows in _blocks(x)))


def _kernel_diagonal(x: Features) -> float:
    return float(_kernel(np.square(x).sum(1), x.shape[1]).sum())
