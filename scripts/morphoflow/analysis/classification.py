"""Tables and scores of predicted classes, beside those of always guessing the most frequent one."""

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from morphoflow.analysis.confusion import (
    SCORES,
    bootstrap_matrices,
    confusion_matrix,
    confusion_table,
    group_matrices,
)
from morphoflow.analysis.neighbours import Predictions
from morphoflow.analysis.scores import score

# Drawing again from fewer than this says next to nothing about other objects.
FEWEST_FOR_INTERVAL = 10


def classification_scores(
    predictions: Predictions, groups: np.ndarray, n_bootstraps: int, seed: int
) -> list[dict]:
    """``knn_`` and ``majority_`` balanced accuracy, accuracy and macro F1, and the neighbours used.

    ``groups`` (n,) of all rows of the embedding are drawn in the bootstrap, whose percentiles give
    the 95 % intervals (Efron 1979); there is none for fewer than 10 groups.
    """
    p = predictions
    guess = np.full(len(p.true), p.majority)
    rows = [score(p.split, "knn_neighbours", float(p.n_neighbours), len(p.true))]
    for name, predicted in (("knn", p.predicted), ("majority", guess)):
        classes = np.unique(np.concatenate([p.true, predicted]))
        matrices = group_matrices(p.true, predicted, groups[p.index], classes)
        generator = np.random.default_rng(seed)
        for measure, values in with_intervals(matrices, n_bootstraps, generator).items():
            value, low, high = values
            rows.append(score(p.split, f"{name}_{measure}", value, len(p.true), low, high))
    return rows


def with_intervals(
    matrices: np.ndarray, n_bootstraps: int, generator: np.random.Generator
) -> dict[str, tuple[float, float, float]]:
    """Value, low and high of each measure, from the confusion matrices (g, c, c) of the groups."""
    total = matrices.sum(axis=0)
    if len(matrices) < FEWEST_FOR_INTERVAL:
        return {name: (float(compute(total)), np.nan, np.nan) for name, compute in SCORES.items()}
    draws = bootstrap_matrices(matrices, n_bootstraps, generator)
    ends = {
        name: np.quantile(compute(draws), percentiles(len(matrices)))
        for name, compute in SCORES.items()
    }
    return {name: (float(SCORES[name](total)), *map(float, pair)) for name, pair in ends.items()}


def percentiles(n_groups: int) -> tuple[float, float]:
    """The ends of a 95 % interval in the draws of a bootstrap of ``n_groups`` groups.

    They lie further out than 2.5 and 97.5 % by what Student's t and a variance with n - 1 are more
    than a normal one with n: few groups drawn again differ by too little (Hesterberg 2015).
    """
    further = student.ppf(0.025, n_groups - 1) * np.sqrt(n_groups / (n_groups - 1))
    return float(norm.cdf(further)), float(norm.sf(further))


def confusion_tables(predictions: list[Predictions]) -> pd.DataFrame:
    """The confusion matrices of all splits as one tidy table: split, true, predicted, n."""
    empty = confusion_table("", np.zeros((0, 0), dtype=np.int64), np.array([], dtype=str))
    tables = [empty]
    for p in predictions:
        classes = np.unique(np.concatenate([p.true, p.predicted]))
        tables.append(
            confusion_table(p.split, confusion_matrix(p.true, p.predicted, classes), classes)
        )
    return pd.concat(tables, ignore_index=True)
