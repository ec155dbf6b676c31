"""What sets the members of a cluster apart in measures that a person understands."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from morphoflow.tables import NOISE

EXEMPLARS = 5


def cluster_profiles(measures: np.ndarray, names: list[str], clusters: np.ndarray) -> pd.DataFrame:
    """One row for each cluster (noise left out) and measure, of ``measures`` (n, d) of n objects.

    ``effect`` is Cliff's delta (1993): how much oftener a member has the larger value than an
    object that is not one, less how much oftener the smaller, from -1 to 1; it needs no
    distribution and no unit. Beside it ``n``, the members, and the medians of members and others.
    A value that is missing is left out of its measure: ``n`` are the members that have it.
    There is no p-value: the clusters were made to differ. With a single cluster effects are
    missing.
    """
    ranks, known = rankdata(measures, axis=0, nan_policy="omit"), ~np.isnan(measures)
    tables = []
    for number in np.unique(clusters[clusters != NOISE]):
        member = clusters == number
        n, others = known[member].sum(axis=0), known[~member].sum(axis=0)
        above = np.nansum(ranks[member], axis=0) - n * (n + 1) / 2
        pairs = np.where(n * others > 0, n * others, np.nan)
        described = {
            "cluster": int(number),
            "n": n,
            "measure": names,
            "median": _medians(measures[member]),
            "median_of_others": _medians(measures[~member]),
            "effect": 2 * above / pairs - 1,
        }
        tables.append(pd.DataFrame(described))
    columns = ["cluster", "n", "measure", "median", "median_of_others", "effect"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _medians(values: np.ndarray) -> np.ndarray:
    """The median of each column (d,), missing where it has no value."""
    return np.ma.median(np.ma.masked_invalid(values), axis=0).filled(np.nan)


def exemplars(x: np.ndarray, clusters: np.ndarray, most: int = EXEMPLARS) -> pd.DataFrame:
    """The ``row`` of up to ``most`` members of each cluster that stand best for it, by ``rank``.

    The first is the medoid: the member with the least sum of squared distances to the others in
    ``x`` (n, d), which is the one nearest to their mean.
    """
    tables = []
    for number in np.unique(clusters[clusters != NOISE]):
        members = np.flatnonzero(clusters == number)
        points = x[members].astype(np.float64)
        distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
        order = np.argsort(distance, kind="stable")[:most]
        described = {
            "cluster": int(number),
            "rank": np.arange(1, len(order) + 1),
            "row": members[order],
            "distance_to_centre": distance[order],
        }
        tables.append(pd.DataFrame(described))
    columns = ["cluster", "rank", "row", "distance_to_centre"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
