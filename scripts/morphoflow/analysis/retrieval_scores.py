"""The scores of retrieval: mean average precision beside what chance would give."""

import numpy as np
import pandas as pd

from morphoflow.analysis.classification import FEWEST_FOR_INTERVAL, percentiles
from morphoflow.analysis.scores import score


def retrieval_scores(
    table: pd.DataFrame,
    splits: np.ndarray,
    groups: np.ndarray,
    *,
    level: float,
    n_bootstraps: int,
    labels_used: bool,
    seed: int,
) -> list[dict]:
    """``retrieval_map``, its value by chance, and the share of significant queries, as rows.

    ``table`` is of queries with ``row average_precision chance corrected_p_value``; ``splits`` and
    ``groups`` (n,) are of all rows of the embedding. They are over the queries of the "test" split
    and, unless the embedding was learned with labels (``labels_used``), over "all". The 95 %
    interval is of a bootstrap that draws groups of queries (Efron 1979); there is none below 10
    groups. Values that no query gives are missing.
    """
    asked = table.dropna(subset="average_precision")
    of_test = splits[asked["row"]] == "test"
    parts = {"test": asked[of_test]} if labels_used else {"all": asked, "test": asked[of_test]}
    rows = []
    for split, part in parts.items():
        n, values = len(part), part["average_precision"].to_numpy()
        significant = (part["corrected_p_value"] <= level).mean() if n else np.nan
        ends = _interval(values, groups[part["row"]], n_bootstraps, np.random.default_rng(seed))
        rows += [
            score(split, "retrieval_map", float(values.mean()) if n else np.nan, n, *ends),
            score(split, "retrieval_chance", float(part["chance"].mean()), n),
            score(split, "retrieval_significant", float(significant), n),
        ]
    return rows


def _interval(
    values: np.ndarray, groups: np.ndarray, n_bootstraps: int, generator: np.random.Generator
) -> tuple[float, float]:
    """The ends of the interval of the mean of ``values`` (q,), whole ``groups`` (q,) drawn."""
    codes, names = pd.factorize(groups)
    if len(names) < FEWEST_FOR_INTERVAL:
        return np.nan, np.nan
    share = np.full(len(names), 1 / len(names))
    draws = generator.multinomial(len(names), share, size=n_bootstraps).astype(np.float64)
    means = draws @ np.bincount(codes, weights=values) / (draws @ np.bincount(codes))
    low, high = np.quantile(means, percentiles(len(names)))
    return float(low), float(high)
