"""Classification of objects by their nearest neighbours in an embedding."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import euclidean_distances
from threadpoolctl import threadpool_limits

from morphoflow.analysis.confusion import balanced_accuracy, confusion_matrix
from morphoflow.analysis.geometry import centred, check_embedding

# With fewer test objects than this in some class, a test split alone says little.
FEW_PER_CLASS = 2
# Queries whose distances to all objects are held at a time.
CHUNK = 1024


@dataclass(frozen=True)
class Predictions:
    """Predicted classes of the labelled objects of a split.

    ``index`` (q,) are their rows in the embedding, ``true`` and ``predicted`` (q,) their classes,
    ``majority`` the most frequent class of the objects that voted, of which the ``n_neighbours``
    nearest did.
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
    ``groups`` (n,), of which no two members vote for each other. Validation objects look for
    neighbours in the training split, test objects in training and validation. Of the numbers
    ``neighbours``, that with the best balanced accuracy on the validation split is used, the first
    of the list in a tie or without a validation split.

    If some class has fewer than two test objects, all objects are also predicted from all others
    ("leave_one_out"), unless the embedding was trained with labels (``labels_used``), which its
    training objects would only give back. Fewer than two classes give an empty list.
    """
    check_embedding(x, 1, "classification")
    known = np.flatnonzero(~pd.isna(labels))
    classes, codes = np.unique(labels[known].astype(str), return_inverse=True)
    if len(classes) < 2:
        return []
    voters = Voters(centred(x)[known], codes, groups[known], len(classes))
    train, validation, test = (splits[known] == name for name in ("train", "validation", "test"))
    everything = np.ones(len(known), dtype=bool)
    jobs = {"validation": (train, validation), "test": (train | validation, test)}
    if not labels_used and np.bincount(codes[test], minlength=len(classes)).min() < FEW_PER_CLASS:
        jobs["leave_one_out"] = (everything, everything)
    with threadpool_limits(limits=1):
        best = _choose(voters, train, validation, neighbours)
        return [
            Predictions(
                split=split,
                index=known[query],
                true=classes[codes[query]],
                predicted=classes[voters.elect(voters.nearest(pool, query, best))],
                majority=classes[np.bincount(codes[pool]).argmax()],
                n_neighbours=min(best, int(pool.sum())),
            )
            for split, (pool, query) in jobs.items()
            if pool.any() and query.any()
        ]


@dataclass(frozen=True)
class Voters:
    """Labelled objects: ``x`` (m, d), class ``codes`` (m,) below ``n_classes``, ``groups`` (m,)."""

    x: np.ndarray
    codes: np.ndarray
    groups: np.ndarray
    n_classes: int

    def nearest(self, pool: np.ndarray, query: np.ndarray, k: int) -> np.ndarray:
        """Classes (q, k) of the nearest objects of ``pool`` (m,) bool, nearest first.

        For each object of ``query`` (m,) bool; -1 where there are no more from another group.
        """
        pool, query = np.flatnonzero(pool), np.flatnonzero(query)
        k = min(k, len(pool))
        classes = np.empty((len(query), k), dtype=np.int64)
        for start in range(0, len(query), CHUNK):
            rows = query[start : start + CHUNK]
            distance = euclidean_distances(self.x[rows], self.x[pool])
            distance[self.groups[rows][:, None] == self.groups[pool]] = np.inf
            near = np.sort(np.argpartition(distance, k - 1, axis=1)[:, :k], axis=1)
            near_distance = np.take_along_axis(distance, near, axis=1)
            order = np.argsort(near_distance, axis=1, kind="stable")
            codes = np.where(np.isinf(near_distance), -1, self.codes[pool][near])
            classes[start : start + CHUNK] = np.take_along_axis(codes, order, axis=1)
        return classes

    def elect(self, votes: np.ndarray) -> np.ndarray:
        """The most frequent class (q,) of ``votes`` (q, k), in a tie that of the nearest voter."""
        q, k = votes.shape
        # Below one in sum, and each more than all that follow: decides ties and nothing else.
        weight = np.broadcast_to(1 + 0.5 ** np.arange(2, k + 2), (q, k))
        cast = votes >= 0
        cells = (np.arange(q)[:, None] * self.n_classes + votes)[cast]
        totals = np.bincount(cells, weights=weight[cast], minlength=q * self.n_classes)
        return totals.reshape(q, -1).argmax(axis=1)


def _choose(
    voters: Voters, train: np.ndarray, validation: np.ndarray, neighbours: list[int]
) -> int:
    if not train.any() or not validation.any():
        return neighbours[0]
    votes = voters.nearest(train, validation, max(neighbours))
    true, classes = voters.codes[validation], np.arange(voters.n_classes)
    scores = [
        balanced_accuracy(confusion_matrix(true, voters.elect(votes[:, :k]), classes))
        for k in neighbours
    ]
    return neighbours[int(np.argmax(np.round(scores, 9)))]
