"""A model trained anew in each fold, so that every object is predicted by one that never saw it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from morphoflow.analysis.classifiers import CLASSIFIERS
from morphoflow.analysis.cross_validation import (
    KINDS,
    Labelled,
    prediction_table,
    rare_classes,
)
from morphoflow.analysis.folds import folds
from morphoflow.analysis.geometry import centred
from morphoflow.analysis.observed import labels_of
from morphoflow.splits import assign_splits

RETRAINED = "retrained"
# Of the objects of the other folds: those that are learned from, and on which it is seen when to
# stop, whole groups at a time.
FRACTIONS = {"train": 0.85, "validation": 0.15, "test": 0.0}


def predict_in_folds(
    objects: pd.DataFrame,
    learn: Callable[[pd.DataFrame, int], np.ndarray],
    n_folds: int,
    seed: int,
) -> pd.DataFrame:
    """Predictions of each labelled object by a model and classifiers of the other folds.

    ``learn`` takes object tables with another ``split`` and without the labels of what is held
    out, and the number of the fold, and gives the embedding (n, d) of all objects. Folds hold whole
    groups; classes in a single group are not predicted. The table is that of
    :func:`morphoflow.analysis.cross_validation.predict_labels`, with the split "retrained";
    classifiers have their first setting, since the labels of all that they could be chosen on were
    seen. It is empty where no two classes can be predicted.
    """
    labels, groups = labels_of(objects), objects["group"].astype(str).to_numpy(dtype=object)
    labels[np.isin(labels.astype(str), rare_classes(labels, groups))] = None
    known = np.flatnonzero(~pd.isna(labels))
    empty = pd.DataFrame(columns=list(KINDS)).astype(KINDS)
    names, codes = np.unique(labels[known].astype(str), return_inverse=True)
    if len(names) < 2:
        return empty
    own = pd.factorize(groups[known], sort=True)[0]
    parts = folds(codes, own, n_folds, seed)
    if not parts.any():
        return empty
    tables = [empty]
    for part in range(parts.max() + 1):
        held = np.flatnonzero(parts == part)
        x = learn(_split(objects, groups, labels, known[held], seed), part)
        of = Labelled(centred(np.asarray(x, dtype=np.float64))[known], codes, own, names)
        for name, classifier in CLASSIFIERS.items():
            setting = classifier.settings[0]
            predicted = classifier(of.known(parts != part), of.x[held], [setting], seed)[0]
            made = prediction_table(of, held, predicted, np.zeros_like(held), [setting])
            made = made.assign(row=known[held], fold=part, split=RETRAINED, classifier=name)
            tables.append(made.assign(repeat=0)[list(KINDS)].astype(KINDS))
    return pd.concat(tables, ignore_index=True)


def _split(
    objects: pd.DataFrame, groups: np.ndarray, labels: np.ndarray, held: np.ndarray, seed: int
) -> pd.DataFrame:
    """The objects with all of the groups that are ``held`` as test split, without their labels."""
    out = np.isin(groups, groups[held])
    split = np.full(len(objects), "test", dtype=object)
    rest = ~out
    generator = np.random.default_rng(seed)
    own = pd.Series(labels[rest], dtype=object), pd.Series(groups[rest])
    split[rest] = assign_splits(*own, FRACTIONS, generator)
    return objects.assign(split=split, label=pd.Series(labels, objects.index).where(rest, None))
