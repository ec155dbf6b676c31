"""All models of a dataset in one order, and which of them are not distinguishable from the best.

What is ranked is a variant of a model; its seeds are averaged. It is judged by the balanced
accuracy of logistic regression in grouped cross-validation: a classifier that is the same for all,
has one setting, and asks how much of the labels lies open in an embedding.
"""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from morphoflow.analysis.cross_validation import CROSS_VALIDATION, JOINED
from morphoflow.tables import RECOMMENDED

JUDGE = "logistic"
VARIANT = ["model", "variant"]
# What is taken from the score tables: by column the split, its fallback, and the score.
ALL = ("all", "test")
TAKEN = {
    "balanced_accuracy": ((CROSS_VALIDATION,), f"{JUDGE}_balanced_accuracy"),
    "auc": ((CROSS_VALIDATION,), f"{JUDGE}_auc"),
    "joined_balanced_accuracy": ((CROSS_VALIDATION,), f"{JOINED}_balanced_accuracy"),
    "joined_auc": ((CROSS_VALIDATION,), f"{JOINED}_auc"),
    "knn_balanced_accuracy": ((CROSS_VALIDATION,), "knn_balanced_accuracy"),
    "forest_balanced_accuracy": ((CROSS_VALIDATION,), "forest_balanced_accuracy"),
    "majority_balanced_accuracy": ((CROSS_VALIDATION,), "majority_balanced_accuracy"),
    "test_balanced_accuracy": (("fixed_split",), f"{JUDGE}_balanced_accuracy"),
    "retrieval_map": (ALL, "retrieval_map"),
    "retrieval_chance": (ALL, "retrieval_chance"),
    "cluster_ari": (ALL, f"{RECOMMENDED}_ari"),
    "cluster_stability": (("all",), f"{RECOMMENDED}_stability"),
    "invariance_shift": (("test",), "invariance_shift"),
}
WITH_INTERVAL = ("balanced_accuracy", "test_balanced_accuracy", "retrieval_map")
ORDER = ["balanced_accuracy", "test_balanced_accuracy", "retrieval_map"]
OTHER = ["other_model", "other_variant"]
COMPARED = ("difference", "p_value", "corrected_p_value")


def rank_models(
    scores: pd.DataFrame, predictions: dict[tuple[str, str, int], pd.DataFrame], groups: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a variant of a model, the best first by cross-validation, then by retrieval.

    ``scores`` is the score table of all runs; ``predictions`` holds the table of
    cross-validation by model, variant and seed; ``groups`` is each object's group by its id. Scores
    are means over ``seeds``, and so are the ends of their intervals (``_low``, ``_high``).
    ``corrected_p_value`` is that of the difference from the best. A model that learned from labels
    has no cross-validation, and stands below those that have.

    The other table has two rows a pair of variants, ``difference`` being the first's score less the
    ``other_``'s: see :func:`compare_pairs` and :func:`holm_of_pairs`.
    """
    table = _taken(scores)
    pairs, counts = _compared(_right(predictions), groups)
    ordered = table.reset_index().sort_values(
        [*ORDER, *VARIANT], ascending=[False] * len(ORDER) + [True] * 2, ignore_index=True
    )
    ordered.insert(0, "rank", np.arange(1, len(ordered) + 1))
    best = ordered[VARIANT].iloc[0]
    mine = pairs[(pairs[OTHER] == best.to_numpy()).all(axis=1)]
    ordered = ordered.merge(mine.drop(columns=OTHER), how="left", on=VARIANT)
    return ordered.assign(**counts), pairs


def _taken(scores: pd.DataFrame) -> pd.DataFrame:
    """The chosen scores of each variant of a model, as means over its seeds."""
    indexed = scores.set_index(["score", "split"]).sort_index()
    by = scores.groupby(VARIANT, sort=True)
    columns = {"seeds": by["seed"].nunique()}
    for name, (splits, score) in TAKEN.items():
        parts = [
            indexed.loc[[(score, split)]].groupby(VARIANT)[["value", "low", "high"]].mean()
            for split in splits
            if (score, split) in indexed.index
        ]
        means = pd.DataFrame(columns=["value", "low", "high"], dtype=float)
        for part in parts:
            means = part if means.empty else means.combine_first(part)
        columns[name] = means["value"]
        if name in WITH_INTERVAL:
            columns |= {f"{name}_low": means["low"], f"{name}_high": means["high"]}
    return pd.DataFrame(columns, index=columns["seeds"].index)


def _right(predictions: dict[tuple[str, str, int], pd.DataFrame]) -> pd.DataFrame:
    """How often each object (row) was predicted rightly from each variant (column), 0 to 1.

    It has a level ``true`` besides the id. Objects that not all variants predicted are left out.
    """
    parts: dict[tuple[str, str], list[pd.Series]] = {}
    for (model, variant, _), table in predictions.items():
        mine = table[(table["split"] == CROSS_VALIDATION) & (table["classifier"] == JUDGE)]
        if len(mine):
            hit = (mine["true"] == mine["predicted"]).astype(float)
            share = hit.groupby([mine["id"], mine["true"]]).mean()
            parts.setdefault((model, variant), []).append(share)
    means = {key: pd.concat(shares, axis=1).mean(axis=1) for key, shares in parts.items()}
    return pd.DataFrame(means).dropna()


def _compared(right: pd.DataFrame, groups: pd.Series) -> tuple[pd.DataFrame, dict[str, int]]:
    """All ordered pairs of the columns of ``right``, and the objects and groups they are over."""
    if right.empty:
        return pd.DataFrame(columns=[*VARIANT, *OTHER, *COMPARED]), {"n": 0, "groups": 0}
    of_row = groups.loc[right.index.get_level_values("id")].to_numpy()
    sums = _weighted(right).groupby(of_row).sum()
    difference, p = compare_pairs(sums.to_numpy())
    rows, columns = np.nonzero(~np.eye(len(p), dtype=bool))
    names = pd.DataFrame(right.columns.to_list(), columns=VARIANT)
    other = names.iloc[columns].set_axis(OTHER, axis=1)
    pairs = pd.concat([part.reset_index(drop=True) for part in (names.iloc[rows], other)], axis=1)
    values = (difference, p, holm_of_pairs(p))
    pairs[list(COMPARED)] = np.stack([value[rows, columns] for value in values], axis=1)
    return pairs, {"n": len(right), "groups": len(sums)}


def _weighted(right: pd.DataFrame) -> pd.DataFrame:
    """``right`` times the weight of each object, by which the sum is the balanced accuracy."""
    of_class = right.index.get_level_values("true")
    size = of_class.value_counts()
    return right.mul(1 / (len(size) * size.loc[of_class].to_numpy()), axis=0)


def compare_pairs(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences (k, k) of k models' scores, row less column, and p-values of paired t-tests.

    ``sums`` (g, k) is what each group adds to a model's score. The test is over groups, whose
    objects depend on one another; it holds what other groups to predict would change, not what
    others to learn from would. With one group nothing can be tested, and p is missing.
    """
    total = sums.sum(axis=0)
    difference = total[:, None] - total[None, :]
    n = len(sums)
    if n < 2:
        return difference, np.full(difference.shape, np.nan)
    covariance = np.atleast_2d(np.cov(sums, rowvar=False))
    own = np.diag(covariance)
    variance = n * np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0)
    # What is left of equal models by rounding is no difference.
    apart = np.abs(difference) > 1e-12
    error = np.sqrt(np.where(variance > 1e-24, variance, 0))
    ratio = np.divide(difference, error, out=np.where(apart, np.inf, 0.0), where=error > 0)
    return difference, 2 * student.sf(np.abs(ratio), n - 1)


def holm_of_pairs(p: np.ndarray) -> np.ndarray:
    """p-values (k, k) of all pairs corrected by Holm (1979).

    The best is found in the same data: only a correction for all pairs allows for that.
    """
    rows, columns = np.triu_indices(len(p), 1)
    values = p[rows, columns]
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.ones(p.shape)
    adjusted[rows[order], columns[order]] = np.minimum(1, np.maximum.accumulate(scaled))
    return np.minimum(adjusted, adjusted.T)
