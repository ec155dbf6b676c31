"""Scores of predictions: each row's balanced accuracy, and its difference from morphometrics."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from morphoflow.analysis.confusion import balanced_accuracy, bootstrap_matrices, group_matrices

BOOTSTRAPS, INTERVAL = 2000, (0.025, 0.975)
BASELINE, JUDGE = "morphometry/default", "logistic"
# Clusters of each embedding, which are compared with the classes and predict none.
CLUSTERS = "kmeans"


def record_of(objects: pd.DataFrame, predicted: dict[str, list[dict]]) -> dict:
    """Scores of each row over its seeds, and of the difference to morphometrics.

    ``predicted`` has the predicted codes (n,) of each row, seed and classifier, and the clusters.
    """
    groups = objects["group"].to_numpy()
    names, codes = np.unique(objects["label"].astype(str), return_inverse=True)
    counts = {
        row: {
            key: np.stack([_matrices(codes, seed[key], groups, len(names)) for seed in seeds])
            for key in seeds[0]
        }
        for row, seeds in predicted.items()
    }
    return {
        "what": (
            "balanced accuracy, outer folds by group; mean and standard deviation over seeds, 95 % "
            "interval over groups; `fused` weighs the models of a combination as the inner folds "
            "suggest; `kmeans` is the adjusted Rand index of as many clusters as classes"
        ),
        "neurons": len(codes),
        "groups": len(np.unique(groups)),
        "classes": dict(zip(names.tolist(), np.bincount(codes).tolist(), strict=True)),
        "chance": 1 / len(names),
        "rows": {
            row: {key: _score(found, key) for key, found in by_key.items()}
            for row, by_key in counts.items()
        },
        "above_morphometry": {
            row: {key: _difference(found, counts[BASELINE], key) for key, found in by_key.items()}
            for row, by_key in counts.items()
            if row != BASELINE and BASELINE in counts
        },
    }


def rand_index(matrices: np.ndarray) -> np.ndarray:
    """The adjusted Rand index (Hubert and Arabie 1985) of counts (..., classes, clusters)."""
    pairs, n = _pairs(matrices).sum(axis=(-2, -1)), matrices.sum(axis=(-2, -1))
    rows, columns = (_pairs(matrices.sum(axis=axis)).sum(axis=-1) for axis in (-1, -2))
    expected = rows * columns / _pairs(n)
    return (pairs - expected) / ((rows + columns) / 2 - expected)


def _pairs(counts: np.ndarray) -> np.ndarray:
    return counts * (counts - 1) / 2


def _measure(key: str) -> Callable[[np.ndarray], np.ndarray]:
    return rand_index if key == CLUSTERS else balanced_accuracy


def _matrices(codes: np.ndarray, predicted: np.ndarray, groups: np.ndarray, c: int) -> np.ndarray:
    return group_matrices(codes, predicted, groups, np.arange(c))


def _draws(matrices: np.ndarray, key: str) -> np.ndarray:
    """The mean over seeds of the score in each draw of groups, of ``matrices`` (s, groups, c, c).

    Predictions of all seeds are counted together; clusters of two seeds are not the same ones.
    """
    parts = matrices if key == CLUSTERS else matrices.sum(axis=0, keepdims=True)
    drawn = [bootstrap_matrices(part, BOOTSTRAPS, np.random.default_rng(0)) for part in parts]
    return np.mean([_measure(key)(part) for part in drawn], axis=0)


def _score(matrices: np.ndarray, key: str) -> dict:
    """The score of confusion matrices (seeds, groups, c, c)."""
    own = _measure(key)(matrices.sum(axis=1))
    total = matrices.sum(axis=(0, 1))
    found = {
        "rand_index" if key == CLUSTERS else "balanced_accuracy": _rounded(own.mean()),
        "sd": _rounded(own.std(ddof=1)) if len(own) > 1 else None,
        "interval": _interval(_draws(matrices, key)),
        "seeds": [_rounded(value) for value in own],
    }
    if key != CLUSTERS:
        recall = np.diagonal(total) / total.sum(axis=1)
        found["recall"] = [_rounded(value) for value in recall]
    return found


def _difference(row: np.ndarray, baseline: dict[str, np.ndarray], key: str) -> dict:
    """What a row is above morphometrics, over seeds and over groups, which both are paired."""
    best = baseline.get(key, baseline[JUDGE])
    own, other = (_measure(key)(of.sum(axis=1)) for of in (row, best))
    return {
        "mean": _rounded((own - other).mean()),
        "interval": _interval(_draws(row, key) - _draws(best, key)),
        "seeds_above": int((own > other).sum()),
        "seeds": len(own),
    }


def _interval(draws: np.ndarray) -> list[float]:
    return [_rounded(end) for end in np.quantile(draws, INTERVAL)]


def _rounded(value: float) -> float:
    return round(float(value), 3)
