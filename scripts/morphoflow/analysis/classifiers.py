"""Classifiers of an embedding, each with the few settings that are worth choosing.

Each takes objects to learn from, ``x`` (m, d), their class codes (m,) below ``n_classes``, objects
to predict (q, d), the settings to try and a seed, and returns the predicted codes (p, q), one row
for each of the p settings. Whatever it scales by, it takes from the objects it learns from.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from morphoflow.analysis.neighbours import Voters

# A fifth of the trees ranks the settings of a forest as well, and choosing costs most of the time.
TREES, TREES_TO_CHOOSE = 100, 20


@dataclass(frozen=True)
class Known:
    """Objects to learn from: ``x`` (m, d) float64, ``codes`` (m,) below ``n_classes``.

    ``groups`` (m,) and the ``parts`` (d,) that dimensions belong to are for those that need them.
    """

    x: np.ndarray
    codes: np.ndarray
    n_classes: int
    groups: np.ndarray | None = None
    parts: np.ndarray | None = None


def nearest_neighbours(
    known: Known, query: np.ndarray, settings: list[dict], seed: int
) -> np.ndarray:
    """The most frequent class of the ``neighbours`` nearest objects (Fix and Hodges 1951).

    ``per_axis`` says whether every axis is scaled to unit variance or the embedding is left as it
    is; in a tie the nearest voter decides.
    """
    most = max(setting["neighbours"] for setting in settings)
    votes = {
        scaled: _votes(known, query, most, scaled)
        for scaled in sorted({setting["per_axis"] for setting in settings})
    }
    voters = Voters(known.x, known.codes, known.codes, known.n_classes)
    chosen = [votes[setting["per_axis"]][:, : setting["neighbours"]] for setting in settings]
    return np.stack([voters.elect(cast) for cast in chosen])


def logistic(known: Known, query: np.ndarray, settings: list[dict], seed: int) -> np.ndarray:
    """Multinomial logistic regression with a ridge penalty; ``C`` is the inverse of its weight.

    The axes have unit variance, and every class the same weight, however many objects it has.
    """
    x, query = _per_axis(known.x, query)
    return np.stack([_regression(x, known.codes, setting).predict(query) for setting in settings])


def logistic_shares(known: Known, query: np.ndarray, setting: dict) -> np.ndarray:
    """How probable :func:`logistic` takes each class (q, c) to be; 0 for one that is not known."""
    shares = np.zeros((len(query), known.n_classes))
    present = np.unique(known.codes)
    if len(present) == 1:
        shares[:, present] = 1
        return shares
    x, query = _per_axis(known.x, query)
    shares[:, present] = _regression(x, known.codes, setting).predict_proba(query)
    return shares


def _regression(x: np.ndarray, codes: np.ndarray, setting: dict) -> LogisticRegression:
    model = LogisticRegression(C=setting["C"], class_weight="balanced", max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, codes)


def forest(known: Known, query: np.ndarray, settings: list[dict], seed: int) -> np.ndarray:
    """A random forest (Breiman 2001) of 100 trees with at least ``leaf`` objects in a leaf.

    Every class has the same weight. 20 trees are grown to choose between settings.
    """
    predicted = []
    for setting in settings:
        model = RandomForestClassifier(
            TREES if len(settings) == 1 else TREES_TO_CHOOSE,
            min_samples_leaf=setting["leaf"],
            class_weight="balanced",
            random_state=seed,
            n_jobs=1,
        )
        predicted.append(model.fit(known.x, known.codes).predict(query))
    return np.stack(predicted)


def majority(known: Known, query: np.ndarray, settings: list[dict], seed: int) -> np.ndarray:
    """Always the most frequent class, the first by name in a tie."""
    return np.full((len(settings), len(query)), np.bincount(known.codes).argmax())


@dataclass(frozen=True)
class Classifier:
    """How to predict, and the ``settings`` to choose from, the usual one first."""

    predict: Callable[[Known, np.ndarray, list[dict], int], np.ndarray]
    settings: tuple[dict, ...]

    def __call__(
        self, known: Known, query: np.ndarray, settings: list[dict], seed: int
    ) -> np.ndarray:
        """Predicted codes (p, q) for p ``settings``; where only one class is known, that one."""
        present = np.unique(known.codes)
        if len(present) == 1:
            return np.full((len(settings), len(query)), present[0])
        return self.predict(known, query, settings, seed)


CLASSIFIERS = {
    "knn": Classifier(
        nearest_neighbours,
        tuple({"neighbours": k, "per_axis": axes} for axes in (False, True) for k in (5, 1, 3, 15)),
    ),
    "logistic": Classifier(logistic, tuple({"C": c} for c in (1, 0.01, 0.1, 10))),
    "forest": Classifier(forest, ({"leaf": 1}, {"leaf": 5})),
    "majority": Classifier(majority, ({},)),
}


def _per_axis(x: np.ndarray, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both less the mean of ``x`` (m, d) and over its standard deviation, axis by axis."""
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    # An axis that is constant but for rounding carries nothing, and must not be blown up.
    scale = np.where(deviation > 1e-9 * max(deviation.max(), 1e-300), deviation, np.inf)
    return (x - mean) / scale, (query - mean) / scale


def _votes(known: Known, query: np.ndarray, k: int, per_axis: bool) -> np.ndarray:
    x, query = _per_axis(known.x, query) if per_axis else (known.x, query)
    pool = np.arange(len(x) + len(query)) < len(x)
    codes = np.concatenate([known.codes, np.zeros(len(query), dtype=known.codes.dtype)])
    voters = Voters(np.concatenate([x, query]), codes, np.arange(len(pool)), known.n_classes)
    return voters.nearest(pool, ~pool, k)
