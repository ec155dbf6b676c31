"""Embeddings, and features, of the same objects joined by weights that are learned, not assumed.

Stacked generalisation (Wolpert, Neural Networks 5, 1992): a logistic regression of each part gives
the probability of each class, and the weights of their logarithms are those that predict best what
the regressions did not see. Weights are never negative (Breiman, Machine Learning 24, 1996).
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from morphoflow.analysis.classifiers import Classifier, Known, logistic_shares
from morphoflow.analysis.folds import INNER_FOLDS, folds

# No class is less probable, so that one sure mistake does not decide the weights.
LEAST_SHARE = 1e-3
# Draws weights to equal ones, which are what few objects cannot improve on.
RIDGE = 0.01


def fused(known: Known, query: np.ndarray, settings: list[dict], seed: int) -> np.ndarray:
    """The most probable class by the weighted parts; ``C`` is that of each logistic regression."""
    return np.stack(
        [fused_shares(known, query, setting, seed).argmax(axis=1) for setting in settings]
    )


def fused_shares(known: Known, query: np.ndarray, setting: dict, seed: int) -> np.ndarray:
    """How probable :func:`fused` takes each class (q, c) to be."""
    weight = part_weights(known, setting, seed)
    return softmax(np.tensordot(weight, _logs(known, query, setting), axes=1), axis=1)


def part_weights(known: Known, setting: dict, seed: int) -> np.ndarray:
    """The weight of each part (p,), in the order of their names, by grouped folds of ``known``."""
    parts = folds(known.codes, known.groups, INNER_FOLDS, seed)
    n_parts = len(np.unique(known.parts))
    equal = np.full(n_parts, 1 / n_parts)
    if not parts.any():
        return equal
    logs = np.empty((n_parts, len(known.codes), known.n_classes))
    for part in range(parts.max() + 1):
        held = parts == part
        others = replace(
            known, x=known.x[~held], codes=known.codes[~held], groups=known.groups[~held]
        )
        logs[:, held] = _logs(others, known.x[held], setting)
    return _best_weights(logs, known.codes, equal)


def _best_weights(logs: np.ndarray, codes: np.ndarray, equal: np.ndarray) -> np.ndarray:
    """The weights (p,) of least cross entropy, every class alike, of ``logs`` (p, m, c)."""
    share = 1 / np.bincount(codes)[codes]
    share /= share.sum()
    true = np.eye(logs.shape[2])[codes]

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        found = log_softmax(np.tensordot(weight, logs, axes=1), axis=1)
        slope = np.einsum("m,mc,pmc->p", share, np.exp(found) - true, logs)
        away = weight - equal
        return -share @ found[np.arange(len(codes)), codes] + RIDGE * away @ away, (
            slope + 2 * RIDGE * away
        )

    bounds = [(0.0, None)] * len(equal)
    return minimize(loss, equal, jac=True, method="L-BFGS-B", bounds=bounds).x


def _logs(known: Known, query: np.ndarray, setting: dict) -> np.ndarray:
    """The logs of each class's probability by each part, (p, q, c)."""
    found = []
    for name in np.unique(known.parts):
        own = known.parts == name
        shares = logistic_shares(replace(known, x=known.x[:, own]), query[:, own], setting)
        found.append(np.log(np.maximum(shares, LEAST_SHARE)))
    return np.stack(found)


# One setting, since each costs a regression of every part in every fold.
FUSION = {"fused": Classifier(fused, ({"C": 0.1},))}
