"""Tables and scores of predicted classes, beside those of always guessing the most frequent one."""

import numpy as np
import pandas as pd

from morphoflow.analysis.confusion import (
    SCORES,
    bootstrap_matrices,
    confusion_matrix,
    confusion_table,
    group_matrices,
)
from morphoflow.analysis.neighbours import Predictions
from morphoflow.analysis.scores import score

INTERVAL = (0.025, 0.975)


def classification_scores(
    predictions: Predictions, groups: np.ndarray, n_bootstraps: int, seed: int
) -> list[dict]:
    """``knn_`` and ``majority_`` balanced accuracy, accuracy and macro F1, and the neighbours used.

    ``groups`` (n,) of all rows of the embedding are drawn in the bootstrap, whose percentiles give
    the 95 % intervals (Efron 1979).
    """
    p = predictions
    n = len(p.true)
    guess = np.full(n, p.majority, dtype=object)
    used = score(p.split, "knn_neighbours", float(p.n_neighbours), n)
    rows = [used]
    for name, predicted in (("knn", p.predicted), ("majority", guess.astype(p.predicted.dtype))):
        generator = np.random.default_rng(seed)
        classes = np.unique(np.concatenate([p.true, p.predicted, predicted]))
        matrices = group_matrices(p.true, predicted, groups[p.index], classes)
        draws = bootstrap_matrices(matrices, n_bootstraps, generator)
        for measure, compute in SCORES.items():
            low, high = np.quantile(compute(draws), INTERVAL)
            value = float(compute(matrices.sum(axis=0)))
            rows.append(score(p.split, f"{name}_{measure}", value, n, float(low), float(high)))
    return rows


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
