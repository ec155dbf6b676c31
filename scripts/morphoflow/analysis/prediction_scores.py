"""How often the predicted labels of several classifiers are right."""

import numpy as np
import pandas as pd

from morphoflow.analysis.classification import with_intervals
from morphoflow.analysis.classifiers import CLASSIFIERS
from morphoflow.analysis.confusion import SCORES, group_matrices
from morphoflow.analysis.cross_validation import (
    AREAS,
    CROSS_VALIDATION,
    FIXED_SPLIT,
    JOINED,
)
from morphoflow.analysis.fusion import FUSION
from morphoflow.analysis.scores import score


def prediction_scores(
    table: pd.DataFrame, groups: np.ndarray, n_bootstraps: int, labels_used: bool, seed: int
) -> list[dict]:
    """``<classifier>_`` balanced accuracy, accuracy and macro F1 of a table of predicted labels.

    They are over the predictions of all repeats together; the 95 % interval is of a bootstrap that
    draws ``groups`` (n,) with all that was predicted of them (Efron 1979). It does not hold what
    other objects to learn from would change; there is none below 10 groups.
    ``<classifier>_<score>_sd`` is the standard deviation over the repeats. ``logistic_auc`` and
    ``joined_auc`` are mean areas under the ROC curve of the repeats. Where nothing could be
    predicted, scores are missing.
    """
    rows = []
    for split in (FIXED_SPLIT,) if labels_used else (CROSS_VALIDATION, FIXED_SPLIT):
        scores = split_scores(table, split, groups, n_bootstraps, seed)
        rows += scores
        counted = {row["score"]: row["n"] for row in scores}
        for name in ("logistic", JOINED) if split == CROSS_VALIDATION else ():
            n = counted[f"{name}_accuracy"]
            area = np.mean(table.attrs[AREAS][name]) if n else np.nan
            rows.append(score(split, f"{name}_auc", area, n))
    return rows


def split_scores(
    table: pd.DataFrame, split: str, groups: np.ndarray, n_bootstraps: int, seed: int
) -> list[dict]:
    """The scores of each classifier's predictions of one split."""
    rows = []
    there = set(table["classifier"])
    names = [*CLASSIFIERS, *(key for key in FUSION if key in there)]
    names += [JOINED] if split == CROSS_VALIDATION else []
    for name in names:
        mine = table[(table["split"] == split) & (table["classifier"] == name)]
        scores = _scores(mine, groups, n_bootstraps, np.random.default_rng(seed))
        n = mine["row"].nunique()
        rows += [score(split, f"{name}_{key}", v[0], n, *v[1:]) for key, v in scores.items()]
    return rows


def _scores(
    table: pd.DataFrame, groups: np.ndarray, n_bootstraps: int, generator: np.random.Generator
) -> dict[str, tuple[float, ...]]:
    """Each score's value and, where it has them, the ends of its interval."""
    if table.empty:
        return dict.fromkeys(SCORES, (np.nan,))
    classes = np.unique(table[["true", "predicted"]].to_numpy().astype(str))
    repeats = np.stack([_matrices(part, groups, classes) for _, part in table.groupby("repeat")])
    scores: dict[str, tuple[float, ...]] = dict(
        with_intervals(repeats.sum(axis=0), n_bootstraps, generator)
    )
    if len(repeats) > 1:
        each = repeats.sum(axis=1)
        scores |= {f"{name}_sd": (float(of(each).std(ddof=1)),) for name, of in SCORES.items()}
    return scores


def _matrices(table: pd.DataFrame, groups: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The confusion matrix of each group, (g, c, c)."""
    true, predicted = (table[name].to_numpy().astype(str) for name in ("true", "predicted"))
    return group_matrices(true, predicted, groups[table["row"]], classes)
