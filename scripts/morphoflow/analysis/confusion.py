"""Confusion matrices, the scores that follow from them, and bootstrap intervals."""

import numpy as np
import pandas as pd


def confusion_matrix(true: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Counts (c, c) int64 of objects by true (row) and predicted (column) class; sorted classes."""
    cells = np.searchsorted(classes, true) * len(classes) + np.searchsorted(classes, predicted)
    return np.bincount(cells, minlength=len(classes) ** 2).reshape(len(classes), -1)


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """The share of objects on the diagonal of matrices (..., c, c)."""
    return np.trace(matrix, axis1=-2, axis2=-1) / matrix.sum(axis=(-2, -1))


def balanced_accuracy(matrix: np.ndarray) -> np.ndarray:
    """The mean recall of the classes that have objects, of matrices (..., c, c)."""
    right, truth = np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1)
    return _mean_share(right, truth, truth > 0)


def macro_f1(matrix: np.ndarray) -> np.ndarray:
    """The mean F1 of the classes that are true or predicted at all, of matrices (..., c, c)."""
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    both = matrix.sum(axis=-1) + matrix.sum(axis=-2)
    return _mean_share(2 * right, both, both > 0)


SCORES = {"balanced_accuracy": balanced_accuracy, "accuracy": accuracy, "macro_f1": macro_f1}


def bootstrap_matrices(
    matrices: np.ndarray, n_bootstraps: int, generator: np.random.Generator
) -> np.ndarray:
    """Bootstrap draws (n_bootstraps, c, c) of the sum of confusion matrices (g, c, c), one a group.

    Groups are drawn with replacement, so that objects that share an animal or a slice do not count
    as independent.
    """
    groups = len(matrices)
    draws = generator.multinomial(groups, np.full(groups, 1 / groups), size=n_bootstraps)
    flat = draws @ matrices.reshape(groups, -1)
    return flat.reshape(n_bootstraps, *matrices.shape[1:])


def group_matrices(
    true: np.ndarray, predicted: np.ndarray, groups: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """The confusion matrix of each group, (g, c, c) int64; groups in sorted order."""
    codes, names = pd.factorize(groups, sort=True)
    c = len(classes)
    cells = np.searchsorted(classes, true) * c + np.searchsorted(classes, predicted)
    return np.bincount(codes * c**2 + cells, minlength=len(names) * c**2).reshape(-1, c, c)


def confusion_table(split: str, matrix: np.ndarray, classes: np.ndarray) -> pd.DataFrame:
    """A confusion matrix (c, c) as a tidy table: split, true, predicted, n; zeros included."""
    true, predicted = np.meshgrid(classes, classes, indexing="ij")
    columns = {"true": true.ravel(), "predicted": predicted.ravel(), "n": matrix.ravel()}
    kinds = {"split": "object", "true": "object", "predicted": "object", "n": "int64"}
    return pd.DataFrame({"split": split, **columns}, columns=list(kinds)).astype(kinds)


def _mean_share(part: np.ndarray, whole: np.ndarray, counted: np.ndarray) -> np.ndarray:
    share = np.divide(part, whole, out=np.zeros(whole.shape), where=counted)
    return share.sum(axis=-1) / counted.sum(axis=-1)
