"""Objects in folds of whole groups."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

# Those in which settings and weights are chosen, within what is learned from.
INNER_FOLDS = 3


def folds(codes: np.ndarray, groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """The fold (m,) of each object: groups stay whole, classes are spread as evenly as they allow.

    There are fewer folds than asked for where there are fewer groups, or where no class has as many
    objects; all objects are in fold 0 where two folds cannot be made.
    """
    n_groups = len(np.unique(groups))
    n_folds = min(n_folds, n_groups, np.bincount(codes).max())
    fold = np.zeros(len(codes), dtype=np.int64)
    if n_folds < 2:
        return fold
    # Where every object is a group of its own, the first is the same and much faster.
    alone = n_groups == len(groups)
    splitter = (StratifiedKFold if alone else StratifiedGroupKFold)(
        n_folds, shuffle=True, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = splitter.split(codes, codes, None if alone else groups)
        for number, (_, held) in enumerate(parts):
            fold[held] = number
    # Large groups may leave a fold without any.
    return np.unique(fold, return_inverse=True)[1]
