"""Nested, grouped cross-validation: settings are chosen on objects that are not predicted."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from morphoflow.analysis.classifiers import Classifier, Known
from morphoflow.analysis.confusion import balanced_accuracy, confusion_matrix

INNER_FOLDS = 3


@dataclass(frozen=True)
class Labelled:
    """Objects with a label: ``x`` (m, d) float64, ``codes`` and ``groups`` (m,) integers.

    ``classes`` (c,) are the names of the codes, sorted.
    """

    x: np.ndarray
    codes: np.ndarray
    groups: np.ndarray
    classes: np.ndarray

    def known(self, rows: np.ndarray) -> Known:
        """The objects of ``rows`` (m,) bool to learn from."""
        return Known(self.x[rows], self.codes[rows], len(self.classes))

    def only(self, rows: np.ndarray) -> "Labelled":
        """The objects of ``rows``; class codes stay what they are."""
        return Labelled(self.x[rows], self.codes[rows], self.groups[rows], self.classes)


def folds(codes: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """The fold (m,) of each object: groups stay whole, classes are spread as evenly as they allow.

    There are fewer folds than asked for where there are fewer groups, or where no class has as many
    objects; all objects are in fold 0 where two folds cannot be made.
    """
    n_groups = len(np.unique(groups))
    n_folds = min(n_folds, n_groups, np.bincount(codes).max())
    found = np.zeros(len(codes), dtype=np.int64)
    if n_folds < 2:
        return found
    # Where every object is a group of its own, the first is the same and much faster.
    alone = n_groups == len(groups)
    splitter = (StratifiedKFold if alone else StratifiedGroupKFold)(
        n_folds, shuffle=True, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = splitter.split(codes, codes, None if alone else groups)
        for number, (_, held) in enumerate(parts):
            found[held] = number
    # Large groups may leave a fold without any.
    return np.unique(found, return_inverse=True)[1]


def best_setting(
    classifier: Classifier,
    fits: list[tuple[Known, np.ndarray]],
    true: np.ndarray,
    seed: int,
) -> dict:
    """The setting of a classifier with the best balanced accuracy, the first in a tie.

    ``fits`` are pairs of what to learn from and what to predict, (q, d); ``true`` are the codes of
    all predicted objects in the order of the pairs. Without any the first setting is taken.
    """
    settings = list(classifier.settings)
    if len(settings) == 1 or not len(true):
        return settings[0]
    predicted = [classifier(known, query, settings, seed) for known, query in fits]
    classes = np.arange(fits[0][0].n_classes)
    found = [
        balanced_accuracy(confusion_matrix(true, row, classes))
        for row in np.concatenate(predicted, axis=1)
    ]
    return settings[int(np.argmax(np.round(found, 9)))]


def choose_within(classifier: Classifier, objects: Labelled, seed: int) -> dict:
    """The setting that predicts three grouped folds of ``objects`` best."""
    parts = folds(objects.codes, objects.groups, INNER_FOLDS, seed)
    held = [parts == part for part in range(parts.max() + 1)] if parts.any() else []
    fits = [(objects.known(~rows), objects.x[rows]) for rows in held]
    true = np.concatenate([objects.codes[rows] for rows in held] or [np.zeros(0, dtype=int)])
    return best_setting(classifier, fits, true, seed)


def out_of_fold(
    classifier: Classifier, objects: Labelled, parts: np.ndarray, seed: int
) -> tuple[np.ndarray, list[dict]]:
    """Predicted codes (m,) of each fold of ``parts`` (m,) by the other folds, and their settings.

    The setting of a fold is chosen by a cross-validation of the other folds alone.
    """
    predicted, chosen = np.empty(len(parts), dtype=np.int64), []
    for part in range(parts.max() + 1):
        held = parts == part
        setting = choose_within(classifier, objects.only(~held), seed)
        known = objects.known(~held)
        predicted[held] = classifier(known, objects.x[held], [setting], seed)[0]
        chosen.append(setting)
    return predicted, chosen


def by_fixed_split(
    classifier: Classifier, objects: Labelled, splits: np.ndarray, seed: int
) -> tuple[np.ndarray, dict]:
    """Predicted codes of the test objects, in order, and the setting chosen on validation.

    ``splits`` (m,); what is learned from is the training split alone.
    """
    train, validation, test = (splits == name for name in ("train", "validation", "test"))
    known = objects.known(train)
    fits = [(known, objects.x[validation])] if validation.any() else []
    setting = best_setting(classifier, fits, objects.codes[validation], seed)
    return classifier(known, objects.x[test], [setting], seed)[0], setting
