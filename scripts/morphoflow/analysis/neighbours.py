"""Classification of objects by their nearest neighbours in an embedding."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from morphoflow.analysis.confusion import balanced_accuracy, confusion_matrix
from morphoflow.analysis.geometry import check_embedding

# Below this number of test objects in some class, a test split alone says little.
FEW_PER_CLASS = 2


@dataclass(frozen=True)
class Predictions:
    """Predicted classes of the labelled objects of a split.

    ``index`` (q,) are their rows in the embedding, ``true`` and ``predicted`` (q,) their classes,
    ``majority`` the most frequent class of the objects that voted, ``n_neighbours`` how many did.
    """

    split: str
    index: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    majority: str
    n_neighbours: int


def classify(
    x: np.ndarray,
    labels: np.ndarray,
    splits: np.ndarray,
    groups: np.ndarray,
    *,
    neighbours: list[int],
    labels_used: bool,
) -> list[Predictions]:
    """Predict the classes of the validation and the test split from their nearest neighbours.

    ``x`` (n, d); ``labels`` (n,), None where unknown: such objects are left out; ``splits`` (n,);
    ``groups`` (n,). Validation objects look for neighbours in the training split, test objects in
    training and validation. Of the numbers ``neighbours``, that with the best balanced accuracy on
    the validation split is used, the first of the list in a tie or without a validation split.

    If some class has fewer than two test objects, all objects are also predicted from those of the
    other groups ("leave_one_out"), unless the embedding was trained with labels (``labels_used``),
    which its own training objects would then give back. Fewer than two classes give nothing.
    """
    check_embedding(x, 1, "classification")
    known = np.flatnonzero(~pd.isna(labels))
    x, labels, splits, groups = x[known], labels[known].astype(str), splits[known], groups[known]
    if len(np.unique(labels)) < 2:
        return []
    train, validation, test = (splits == name for name in ("train", "validation", "test"))
    jobs = [("validation", train, validation), ("test", train | validation, test)]
    with threadpool_limits(limits=1):
        best = _choose(x, labels, train, validation, neighbours)
        made = [
            _predictions(name, np.flatnonzero(query), labels, pool, vote(x, labels, pool, query, [k])[0], k)
            for name, pool, query in jobs
            if pool.any() and query.any()
            for k in [min(best, int(pool.sum()))]
        ]
        if not labels_used and _few(labels, test):
            everything = np.ones(len(x), dtype=bool)
            predicted = leave_one_out(x, labels, groups, best)
            made.append(_predictions("leave_one_out", np.arange(len(x)), labels, everything, predicted, best))
    return [_renumbered(predictions, known) for predictions in made]
