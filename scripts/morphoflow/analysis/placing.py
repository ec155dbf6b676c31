"""New objects among those that a model was trained on: class, cluster, place, and how far out."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from morphoflow.analysis.outliers import neighbour_distances

NEIGHBOURS = 5
FOLDS = 5
# Prediction sets miss an object's class this often at most.
MISSED = 0.1
# Vectors nearer than this share of the training objects' spread are those of one object.
SAME = 1e-5


@dataclass(frozen=True)
class Known:
    """The n objects of the old dataset: vectors ``x`` (n, d), and of each what is known (n,).

    ``labels`` are None where unknown, or where the model saw them outside of the training split;
    ``clusters`` are the recommended ones.
    """

    ids: np.ndarray
    x: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    groups: np.ndarray
    clusters: np.ndarray
    maps: pd.DataFrame


def place(known: Known, ids: np.ndarray, x: np.ndarray) -> pd.DataFrame:
    """One row for each new object of vectors ``x`` (q, d).

    ``nearest`` is the id of the nearest old object; ``cluster`` the most frequent one of the five
    nearest, ``cluster_share`` how many of them have it; map coordinates are the means of theirs.
    ``training_percentile`` says which percentage of the training objects are nearer to their fifth
    neighbour of another group than this one is to its fifth: about evenly spread from 0 to 100 for
    objects like those of training, 100 beyond all. ``in_training`` are those with the id, or the
    very vector, of an object of the training split: nothing may be concluded from them.
    """
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(known.x))).fit(known.x)
    distance, rows = near.kneighbors(x)
    cluster, share = _most_frequent(known.clusters[rows])
    table = pd.DataFrame({"id": ids, "nearest": known.ids[rows[:, 0]], "cluster": cluster})
    table["cluster_share"] = share
    for name, values in known.maps.items():
        table[name] = values.to_numpy()[rows].mean(axis=1)
    train = known.splits == "train"
    table["training_percentile"] = _percentile(known, train, x)
    spread = np.sqrt(known.x[train].var(axis=0).sum())
    same = (distance[:, 0] <= SAME * spread) & train[rows[:, 0]]
    table["in_training"] = same | np.isin(ids, known.ids[train])
    return table


def _most_frequent(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The most frequent value of each row of ``votes`` (q, k), and its share."""
    values, codes = np.unique(votes, return_inverse=True)
    counts = (codes.reshape(votes.shape)[:, :, None] == np.arange(len(values))).sum(axis=1)
    return values[counts.argmax(axis=1)], counts.max(axis=1) / votes.shape[1]


def _percentile(known: Known, train: np.ndarray, x: np.ndarray) -> np.ndarray:
    own = known.x[train]
    pool = np.arange(len(own) + len(x)) < len(own)
    # A new object is of a group of its own.
    groups = np.concatenate([pd.factorize(known.groups[train])[0], -1 - np.arange(len(x))])
    distances = neighbour_distances(np.concatenate([own, x]), pool, groups, NEIGHBOURS)
    return 100 * np.searchsorted(np.sort(distances[pool]), distances[~pool]) / len(own)


def classify_new(known: Known, x: np.ndarray) -> tuple[pd.DataFrame, float, int]:
    """The class of each new object (q, d), or no columns without two classes to learn.

    Multinomial logistic regression on the training split, every class with the same weight;
    ``probability_<class>`` are those at the temperature that is best for training objects whose
    group was left out (Guo et al. 2017). ``classes`` lists, with " | " between them, all whose
    probability is no less than was usual for the right class of validation objects: split
    conformal sets (Sadinle, Lei and Wasserman 2019), which miss the right one in at most 10 % of
    objects like those; empty for an object that is like no class. Without 9 validation objects with
    a label all classes are listed. Also returned: the share of labelled test objects whose set
    holds their class (NaN without any), and their number.
    """
    labelled = ~pd.isna(known.labels)
    train = labelled & (known.splits == "train")
    classes = np.unique(known.labels[train].astype(str))
    if len(classes) < 2:
        return pd.DataFrame(index=range(len(x))), np.nan, 0
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = _model().fit(known.x[train], known.labels[train].astype(str))
        temperature = _temperature(known, train, classes)
    probabilities = _softmax(model, x, temperature)
    calibration = labelled & (known.splits == "validation") & np.isin(known.labels, classes)
    threshold = _threshold(_of_own(model, known, calibration, classes, temperature))
    test = labelled & (known.splits == "test") & np.isin(known.labels, classes)
    held = _of_own(model, known, test, classes, temperature) >= threshold
    table = pd.DataFrame({"predicted": classes[probabilities.argmax(axis=1)]})
    table["classes"] = [" | ".join(classes[row >= threshold]) for row in probabilities]
    for name, column in zip(classes, probabilities.T, strict=True):
        table[f"probability_{name}"] = column
    return table, float(held.mean()) if test.any() else np.nan, int(test.sum())


def _model():
    return make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
    )


def _temperature(known: Known, train: np.ndarray, classes: np.ndarray) -> float:
    """By what to divide the logits so that objects of groups that were left out are most likely."""
    x, labels, groups = known.x[train], known.labels[train].astype(str), known.groups[train]
    folds = min(FOLDS, len(np.unique(groups)))
    if folds < 2:
        return 1.0
    parts = [*GroupKFold(folds).split(x, labels, groups)]
    if any(len(np.unique(labels[learned])) < len(classes) for learned, _ in parts):
        return 1.0
    p = cross_val_predict(_model(), x, labels, cv=parts, method="predict_log_proba")
    logits = np.maximum(p, np.log(np.finfo(float).tiny))
    own = np.searchsorted(classes, labels)
    rows = np.arange(len(own))

    def loss(log_t: float) -> float:
        return -log_softmax(logits / np.exp(log_t), axis=1)[rows, own].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def _softmax(model, x: np.ndarray, temperature: float) -> np.ndarray:
    logits = np.maximum(model.predict_log_proba(x), np.log(np.finfo(float).tiny))
    return np.exp(log_softmax(logits / temperature, axis=1))


def _of_own(
    model, known: Known, rows: np.ndarray, classes: np.ndarray, temperature: float
) -> np.ndarray:
    """The probability of its own class for each old object of ``rows`` (n,) bool."""
    if not rows.any():
        return np.empty(0)
    own = np.searchsorted(classes, known.labels[rows].astype(str))
    return _softmax(model, known.x[rows], temperature)[np.arange(len(own)), own]


def _threshold(own: np.ndarray) -> float:
    """The probability from which a class is listed, by those (m,) of the calibrating objects."""
    rank = int(np.floor((len(own) + 1) * MISSED))
    return float(np.sort(own)[rank - 1]) if rank else 0.0
