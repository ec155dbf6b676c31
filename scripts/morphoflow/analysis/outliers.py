"""Outliers of an embedding: objects far from others, and objects where few are to be expected."""

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import euclidean_distances
from threadpoolctl import threadpool_limits

from morphoflow.analysis.density import cross_fitted
from morphoflow.analysis.geometry import check_embedding
from morphoflow.analysis.significance import corrected
from morphoflow.errors import CannotAnalyse

# Distances held at a time (64 MB).
BLOCK = 2**23

FOLDS = 5

# Components of the Gaussian mixture at most; their number is chosen by likelihood.
MOST_COMPONENTS = 8

# Strange is a large distance, and a small density.
SIGNS = {"distance": 1, "log_density": -1}

# The upper fifth of the reference is its tail; from fewer objects in it nothing can be said.
TAIL = 0.2

FEWEST_IN_TAIL = 10

COLUMNS = (*(f"{name}{end}" for name in SIGNS for end in ("", "_p", "_tail_p")), "outlier")

# A tail of fewer groups than this is that of one or two of them.
FEWEST_GROUPS = 10


def find_outliers(
    x: np.ndarray,
    splits: np.ndarray,
    groups: np.ndarray,
    *,
    neighbours: int,
    components: int = MOST_COMPONENTS,
    false_discovery_rate: float,
    seed: int,
) -> pd.DataFrame:
    """How far and how improbable each row of ``x`` (n, d) is; ``splits``, ``groups`` (n,).

    ``distance`` is that to the training object that is the ``neighbours``-th nearest, its own group
    left out; ``log_density`` is the natural logarithm of the density of a Gaussian mixture, over
    the number of dimensions. Both in units of the root mean square distance of training objects
    from their mean. Mixtures are fitted to the training objects less a fifth of their groups at a
    time, with that number of 1, 2, 4, ... up to ``components`` components under which the fifths
    left out are the most probable; an object's density is the mean over the fits that it had no
    part in.

    ``<score>_p`` are conformal p-values, calibrated on the validation split, missing without it. Of
    m groups of validation objects they cannot be smaller than 1 / (m + 1), too large for a
    discovery among many objects. ``<score>_tail_p`` therefore go on from the training and
    validation objects by a tail, see :func:`tail_p`; ``outlier`` are those with a tail p-value of
    either score that, corrected over all objects, is at most half the ``false_discovery_rate``.
    ``attrs`` hold the
    number of ``components`` and the ``thresholds``, the mildest value of each score that was
    flagged, None if none was.
    """
    check_embedding(x, 1, "outlier detection")
    train, calibration = splits == "train", splits == "validation"
    if len(np.unique(groups[train])) < 2:
        raise CannotAnalyse(
            f"outlier detection learns from training objects of at least 2 groups, but there are "
            f"{len(np.unique(groups[train]))}; give more objects to the training split."
        )
    scaled = _in_units_of(x, train)
    with threadpool_limits(limits=1):
        distance = neighbour_distances(scaled, train, groups, neighbours)
        density, best = log_densities(scaled, train, groups, components, seed)
    columns = {"distance": distance, "log_density": density / x.shape[1]}
    table, flagged = pd.DataFrame(), {}
    for name, sign in SIGNS.items():
        table[name] = columns[name]
        table[f"{name}_p"] = conformal_p(sign * columns[name], calibration, groups)
        table[f"{name}_tail_p"] = tail_p(sign * columns[name], train | calibration, groups)
        p = corrected(table[f"{name}_tail_p"].to_numpy())
        flagged[name] = p <= false_discovery_rate / len(SIGNS)
    table["outlier"] = np.any(list(flagged.values()), axis=0)
    table.attrs["components"] = best
    table.attrs["thresholds"] = {
        name: float(sign * (sign * columns[name][flagged[name]]).min())
        if flagged[name].any()
        else None
        for name, sign in SIGNS.items()
    }
    return table


def neighbour_distances(x: np.ndarray, train: np.ndarray, groups: np.ndarray, k: int) -> np.ndarray:
    """The distance (n,) of each row of ``x`` (n, d) to its k-th nearest of ``train`` (n,) bool.

    Ramaswamy, Rastogi and Shim 2000. Members of a row's own group do not count; where there are
    fewer than k others it is the distance to the furthest of them.
    """
    pool = np.flatnonzero(train)
    codes = pd.factorize(groups)[0]
    distances = np.empty(len(x))
    rows_at_once = max(1, BLOCK // len(pool))
    for start in range(0, len(x), rows_at_once):
        rows = slice(start, start + rows_at_once)
        distance = euclidean_distances(x[rows], x[pool])
        own = codes[rows, None] == codes[pool]
        distance[own] = np.inf
        last = np.minimum(k, len(pool) - own.sum(axis=1)) - 1
        near = np.sort(np.partition(distance, min(k, len(pool)) - 1, axis=1)[:, :k], axis=1)
        distances[rows] = near[np.arange(len(near)), last]
    return distances


def log_densities(
    x: np.ndarray, train: np.ndarray, groups: np.ndarray, components: int, seed: int
) -> tuple[np.ndarray, int]:
    """Log density (n,) of the rows of ``x`` (n, d), and the number of components chosen."""
    parts = np.full(len(x), -1)
    parts[train] = _parts(groups[train], np.random.default_rng(seed))
    _check_varied(x[train], parts[train])
    tried = [2**power for power in range(components.bit_length())]
    densities = {k: cross_fitted(x, parts, k, seed) for k in tried}
    densities = {k: value for k, value in densities.items() if value is not None}
    best = max(densities, key=lambda k: round(densities[k][train].mean(), 9))
    return densities[best], best


def _check_varied(x: np.ndarray, parts: np.ndarray) -> None:
    """Raise CannotAnalyse unless ``x`` (n, d) varies whichever ``parts`` (n,) is left out."""
    if not np.ptp(x, axis=0).any():
        raise CannotAnalyse(
            "the training objects all have the same embedding, which has no density; "
            "look at the training history, or leave outlier detection out."
        )
    for part in np.unique(parts):
        rest = x[parts != part]
        if not np.ptp(rest, axis=0).any():
            raise CannotAnalyse(
                f"outlier detection learns from the training objects less a part of their groups "
                f"at a time, and once that leaves {len(rest)} with one and the same embedding, "
                f"which has no density; give more objects to the training split."
            )


def _in_units_of(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """``x`` (n, d) less the mean of ``train`` (n,) bool, over their root mean square distance."""
    moved = x.astype(np.float64) - x[train].mean(axis=0, dtype=np.float64)
    scale = np.sqrt((moved[train] ** 2).sum(axis=1).mean())
    return moved / scale if scale > 0 else moved


def _parts(groups: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The fifth (n,) that each object belongs to; groups stay whole, as even as chance has it."""
    codes, names = pd.factorize(groups, sort=True)
    deal = np.arange(len(names)) % min(FOLDS, len(names))
    return generator.permutation(deal)[codes]


# How unusual a score is among the scores of objects that are as they should be.


def conformal_p(scores: np.ndarray, calibration: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """p-values (n,) of ``scores`` (n,), larger being stranger, against ``calibration`` (n,) bool.

    The share of calibrating objects, and of the object itself, that are at least as strange (Vovk,
    Gammerman and Shafer 2005; for outliers Bates et al. 2023). Each of the ``groups`` (n,) counts
    as one object, with what share of it is as strange, since its members are alike (Lee, Barber and
    Willett 2023). A calibrating object is ranked among the other groups. By chance, p-values below
    a level are no more than that, where groups are exchangeable; they are never below 1 / (m + 1)
    for m calibrating groups. Missing without any.
    """
    if not calibration.any():
        return np.full(len(scores), np.nan)
    reference, weight = _weighted(scores, calibration, groups)
    above = np.append(np.cumsum(weight[::-1])[::-1], 0.0)
    at_least = above[np.searchsorted(reference, scores, side="left")]
    m = len(np.unique(groups[calibration]))
    p = (1 + at_least) / (1 + m)
    own = pd.Series(-scores[calibration]).groupby(pd.factorize(groups[calibration])[0])
    share = own.rank(method="max", pct=True).to_numpy()
    p[calibration] = (at_least[calibration] - share + 1) / m
    return p


def tail_p(scores: np.ndarray, calibration: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """:func:`conformal_p`, continued by an exponential tail where no object was seen to calibrate.

    Beyond the fourth quintile of the calibrating scores, p-values fall exponentially, at the rate
    of the median excess: outliers among the calibrating objects hardly change it, and p-values may
    be smaller than one over their number. Small ones are as true as the tail is exponential: if
    scores have a heavier tail, there are more of them. All ``groups`` (n,) have the same weight.
    Below 50 calibrating objects or 10 of their groups there is no tail, and this is
    :func:`conformal_p`.
    """
    p = conformal_p(scores, calibration, groups)
    m = len(np.unique(groups[calibration]))
    reference, weight = _weighted(scores, calibration, groups)
    above = np.append(np.cumsum(weight[::-1])[::-1], 0.0)
    first = int(np.argmax(above <= TAIL * m))
    if len(reference) - first < FEWEST_IN_TAIL or m < FEWEST_GROUPS:
        return p
    threshold = reference[first - 1]
    scale = _median(reference[first:] - threshold, weight[first:]) / np.log(2)
    beyond = scores > threshold
    if scale > 0:
        excess = (scores[beyond] - threshold) / scale
        p[beyond] = (1 + above[first]) / (1 + m) * np.exp(-excess)
    return p


def _weighted(
    scores: np.ndarray, calibration: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The calibrating scores in order, and the weight of each; those of a group sum to one."""
    codes = pd.factorize(groups[calibration])[0]
    order = np.argsort(scores[calibration], kind="stable")
    return scores[calibration][order], (1 / np.bincount(codes))[codes][order]


def _median(values: np.ndarray, weight: np.ndarray) -> float:
    """The median of sorted ``values`` (m,), each as often as its weight says."""
    below, half = np.cumsum(weight), weight.sum() / 2
    last = len(values) - 1
    places = [min(int(np.searchsorted(below, half, side=side)), last) for side in ("left", "right")]
    return float(values[places].mean())
