"""Scores of predictions: each row's balanced accuracy, and its difference from the baselines."""

import numpy as np
import pandas as pd

from morphoflow.analysis.confusion import balanced_accuracy, bootstrap_matrices, group_matrices

BOOTSTRAPS, INTERVAL = 2000, (0.025, 0.975)
BASELINES = ("morphometry", "density", "persistence", "pooled_walks", "gromov_wasserstein")


def record_of(objects: pd.DataFrame, predicted: dict[str, list[dict]]) -> dict:
    """Scores of each row over its seeds, and of the difference to the best single baseline.

    ``predicted`` has the predicted codes (n,) of each row, seed and classifier.
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
    scores = {
        row: {key: _score(found) for key, found in by_key.items()} for row, by_key in counts.items()
    }
    single = {row: each for row, each in scores.items() if row.startswith(BASELINES)}
    best = max(single, key=lambda row: single[row]["logistic"]["balanced_accuracy"])
    return {
        "what": (
            "balanced accuracy, outer folds by animal; mean and standard deviation over seeds, "
            "95 % interval over animals; `fused` weighs the models of a combination as the inner "
            "folds suggest"
        ),
        "neurons": len(codes),
        "animals": len(np.unique(groups)),
        "classes": dict(zip(names.tolist(), np.bincount(codes).tolist(), strict=True)),
        "majority": 1 / len(names),
        "rows": scores,
        "best_baseline": best,
        "above_best_baseline": {
            row: {
                key: _difference(by_key[key], counts[best]["logistic"])
                for key in ("logistic", "fused")
                if key in by_key
            }
            for row, by_key in counts.items()
            if row != best
        },
    }


def _matrices(codes: np.ndarray, predicted: np.ndarray, groups: np.ndarray, c: int) -> np.ndarray:
    return group_matrices(codes, predicted, groups, np.arange(c))


def _score(matrices: np.ndarray) -> dict:
    """The score of confusion matrices (seeds, animals, c, c)."""
    draws = balanced_accuracy(
        bootstrap_matrices(matrices.sum(axis=0), BOOTSTRAPS, np.random.default_rng(0))
    )
    own = balanced_accuracy(matrices.sum(axis=1))
    total = matrices.sum(axis=(0, 1))
    return {
        "balanced_accuracy": _rounded(own.mean()),
        "sd": _rounded(own.std(ddof=1)) if len(own) > 1 else None,
        "interval": [_rounded(end) for end in np.quantile(draws, INTERVAL)],
        "seeds": [_rounded(value) for value in own],
        "recall": [_rounded(value) for value in np.diagonal(total) / total.sum(axis=1)],
    }


def _difference(row: np.ndarray, best: np.ndarray) -> dict:
    """What a row is above the best baseline, over seeds and over animals, which both are paired."""
    seeds = min(len(row), len(best))
    each = balanced_accuracy(row[:seeds].sum(axis=1)) - balanced_accuracy(best[:seeds].sum(axis=1))
    draws = [
        balanced_accuracy(
            bootstrap_matrices(of[:seeds].sum(axis=0), BOOTSTRAPS, np.random.default_rng(0))
        )
        for of in (row, best)
    ]
    return {
        "mean": _rounded(each.mean()),
        "interval": [_rounded(end) for end in np.quantile(draws[0] - draws[1], INTERVAL)],
        "seeds_above": int((each > 0).sum()),
        "seeds": seeds,
    }


def _rounded(value: float) -> float:
    return round(float(value), 3)
