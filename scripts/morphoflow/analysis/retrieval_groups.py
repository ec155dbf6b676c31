"""What average precision is by chance where objects share groups: labels dealt out anew.

Objects of one animal or image lie close together and often have one label, so that a ranking is a
ranking of groups, and random rankings of objects are far too even to be held against. What can be
exchanged if labels say nothing is which group has which label; where a group has several labels,
which of its objects has which.
"""

import numba
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from morphoflow.analysis.retrieval import NOWHERE, Ranking
from morphoflow.analysis.retrieval_null import label_table, summed_up, with_p_values
from morphoflow.analysis.significance import corrected

# Places of rankings that are looked at, at most (some seconds), unless that left few draws.
MOST_PLACES = 4 * 10**9
FEWEST_DRAWS = 500


def with_significance(
    table: pd.DataFrame, ranking: Ranking, draws: int, level: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of average precisions with p-values, and that of the labels.

    ``table`` is that of :func:`morphoflow.analysis.retrieval.average_precisions`. Where every
    object is a group of its own, random rankings are the same null and cost less.
    """
    if len(np.unique(ranking.groups)) < len(ranking.groups):
        return with_group_p_values(table, ranking, draws, level, seed)
    table, nulls = with_p_values(table, draws, seed)
    return table, label_table(table, nulls, level)


def dealt_labels(
    codes: np.ndarray, groups: np.ndarray, draws: int, generator: np.random.Generator
) -> np.ndarray:
    """Labels (draws, m) int16 as they may be if ``codes`` (m,) have nothing to do with objects.

    Groups (m,) whose objects all have one label exchange labels with each other; in a group of
    several labels, objects do. Either keeps how labels keep together.
    """
    dealt = np.empty((draws, len(codes)), dtype=np.int16)
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    alike = np.bincount(member, weights=codes != codes[first][member]) == 0
    labels = np.tile(codes[first[alike]], (draws, 1))
    place = np.cumsum(alike) - 1
    whole = alike[member]
    dealt[:, whole] = generator.permuted(labels, axis=1)[:, place[member[whole]]]
    for group in np.flatnonzero(~alike):
        rows = np.flatnonzero(member == group)
        dealt[:, rows] = generator.permuted(np.tile(codes[rows], (draws, 1)), axis=1)
    return dealt


def with_group_p_values(
    table: pd.DataFrame, ranking: Ranking, draws: int, level: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As :func:`with_p_values` and :func:`label_table`, by labels that groups exchange.

    ``table`` is that of :func:`average_precisions` of the ``ranking``. A query is held against the
    draws in which its own label is what it is, a label's mean against the mean of those that have
    it in a draw. There are fewer ``draws`` where rankings are many and long, 500 at the least.
    """
    places = max(1, len(ranking.asked) * len(ranking.known))
    draws = min(draws, max(FEWEST_DRAWS, MOST_PLACES // places))
    dealt = dealt_labels(ranking.codes, ranking.groups, draws, np.random.default_rng(seed))
    null = _precisions(ranking, dealt)
    value, codes = table["average_precision"].to_numpy(), ranking.codes[ranking.asked]
    own = np.where(dealt[:, ranking.asked] == codes, null, np.nan)
    chance, p = _against(value, own)
    made = table.assign(chance=chance, p_value=p, corrected_p_value=corrected(p))
    means = {
        name: _mean(np.where(dealt[:, ranking.asked] == code, null, np.nan))
        for code, name in enumerate(ranking.names)
    }
    return made, summed_up(made, lambda label, mine: means[label], level)


def _precisions(ranking: Ranking, dealt: np.ndarray) -> np.ndarray:
    """The average precision (draws, q) of each query for the label that it has in each draw."""
    blocks = []
    for rows in ranking.blocks():
        with threadpool_limits(limits=1):
            keys, left_out = ranking.keys(rows)
        keys[left_out] = NOWHERE
        order = np.argsort(keys, axis=1, kind="stable")
        sorted_keys = np.take_along_axis(keys, order, axis=1)
        ends = np.ones(keys.shape, dtype=bool)
        ends[:, :-1] = sorted_keys[:, :-1] != sorted_keys[:, 1:]
        counts = keys.shape[1] - left_out.sum(axis=1)
        blocks.append(_of_draws(order, ends, counts, rows, dealt))
    return np.concatenate(blocks, axis=1)


@numba.njit(cache=True)
def _of_draws(order, ends, counts, rows, dealt):  # pragma: no cover
    """The average precision (draws, q) of rankings ``order`` (q, m).

    ``ends`` (q, m) are the last of equal distances, among which other labels come first, ``counts``
    (q,) how many of a ranking count.
    """
    precisions = np.empty((len(dealt), len(rows)), dtype=np.float32)
    for draw in range(len(dealt)):
        for query in range(len(rows)):
            label = dealt[draw, rows[query]]
            hits, tied, total = 0, 0, 0.0
            for place in range(counts[query]):
                tied += dealt[draw, order[query, place]] == label
                if ends[query, place] and tied:
                    for last in range(tied):
                        hits += 1
                        total += hits / (place + 1 - (tied - 1 - last))
                    tied = 0
            precisions[draw, query] = total / hits if hits else np.nan
    return precisions


def _against(value: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of ``null`` (draws, q) of each value (q,), and its p-value; NaN are no draws."""
    drawn = (~np.isnan(null)).sum(axis=0)
    # float32 keeps the null small; a value is as large as what is equal to it in that.
    at_least = (null >= value.astype(np.float32) - np.float32(1e-6)).sum(axis=0)
    p = np.where(np.isnan(value) | (drawn == 0), np.nan, (1 + at_least) / (1 + drawn))
    chance = np.nansum(null, axis=0, dtype=np.float64) / np.maximum(drawn, 1)
    return np.where(np.isnan(p), np.nan, chance), p


def _mean(null: np.ndarray) -> np.ndarray:
    """The mean over queries (draws,) of ``null`` (draws, q), where a draw has any."""
    counts = (~np.isnan(null)).sum(axis=1)
    return np.nansum(null, axis=1, dtype=np.float64)[counts > 0] / counts[counts > 0]
