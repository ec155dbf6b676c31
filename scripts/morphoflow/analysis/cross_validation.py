"""Labels predicted from an embedding by several classifiers that did not see them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from morphoflow.analysis.classifiers import CLASSIFIERS, Classifier, Known, logistic_shares
from morphoflow.analysis.confusion import balanced_accuracy, confusion_matrix
from morphoflow.analysis.folds import INNER_FOLDS, folds
from morphoflow.analysis.fusion import FUSION, fused_shares
from morphoflow.analysis.geometry import centred, check_embedding

CROSS_VALIDATION, FIXED_SPLIT = "cross_validation", "fixed_split"
# In a table's attrs, areas under the ROC curve, by classifier.
AREAS = "areas"
# An embedding and named features of the same objects, with weights that are learned.
JOINED = "joined"

# A class in fewer groups cannot be learned from one and predicted in another.
FEWEST_GROUPS = 2

KINDS = {
    **dict.fromkeys(("split", "classifier"), "object"),
    **dict.fromkeys(("repeat", "fold", "row"), "int64"),
    **dict.fromkeys(("true", "predicted", "setting"), "object"),
}


def predict_labels(
    x: np.ndarray,
    features: np.ndarray,
    labels: np.ndarray,
    splits: np.ndarray,
    groups: np.ndarray,
    *,
    parts: np.ndarray | None = None,
    n_folds: int,
    repeats: int,
    most_objects: int,
    labels_used: bool,
    seed: int,
) -> pd.DataFrame:
    """Predicted labels of ``x`` (n, d) by k-NN, logistic regression, random forest and majority.

    ``labels`` (n,), None where unknown; ``splits``, ``groups`` (n,); ``parts`` (d,) name the model
    that each dimension comes from where several were combined, whose weights a further classifier
    learns (:mod:`morphoflow.analysis.fusion`). The table has the columns
    ``split classifier repeat fold row true predicted setting``; ``row`` is a row of ``x``.

    "cross_validation" predicts every labelled object from the other folds, whole groups at a time,
    in ``repeats`` different divisions into ``n_folds``; the settings of each classifier are chosen
    by a further cross-validation within the other folds (Varma and Simon 2006). An embedding that
    was learned without labels may have been learned from the very objects that are predicted: this
    judges the embedding of a collection, not of new objects. If labels were used to learn it
    (``labels_used``), its training objects would only give them back, and there is no
    cross-validation. "fixed_split" always is: the classifier learns from the training split, its
    settings are chosen on validation, and test objects are predicted.

    "joined" learns weights of the embedding and of named ``features`` (n, k), its one more part, in
    the cross-validation alone: what an embedding adds to them. A feature that is not known of an
    object has the mean.

    ``attrs["areas"]`` are the areas under the ROC curve of logistic regression and of "joined" in
    each repeat, see :func:`area_under_curve`.

    Classes in fewer than two groups are left out of the cross-validation. Of more than
    ``most_objects`` labelled objects, as many are used as whole groups, drawn at random, hold.
    """
    check_embedding(x, 1, "cross-validation")
    known = _drawn(labels, groups, most_objects, seed)
    names, codes = np.unique(labels[known].astype(str), return_inverse=True)
    own = pd.factorize(groups[known], sort=True)[0]
    objects = Labelled(centred(x)[known], codes, own, names, parts)
    joined = objects.with_features(features[known])
    tables, areas = [pd.DataFrame(columns=list(KINDS))], {}
    with threadpool_limits(limits=1):
        tables += [
            made.assign(row=known[made["row"]]) for made in _fixed(objects, splits[known], seed)
        ]
        if not labels_used:
            kept = np.flatnonzero(~np.isin(names, rare_classes(labels[known], own))[codes])
            made, areas = _repeated(objects.only(kept), joined.only(kept), n_folds, repeats, seed)
            tables += [table.assign(row=known[kept][table["row"]]) for table in made]
    table = pd.concat([table.astype(KINDS) for table in tables], ignore_index=True)
    table.attrs[AREAS] = areas
    return table


def standardised(features: np.ndarray) -> np.ndarray:
    """Features (n, k) of mean 0 and standard deviation 1, 0 where one is not known."""
    known = np.ma.masked_invalid(features.astype(np.float64))
    spread = known.std(axis=0).filled(0)
    return ((known - known.mean(axis=0)) / np.where(spread > 0, spread, 1)).filled(0)


def rare_classes(labels: np.ndarray, groups: np.ndarray) -> list[str]:
    """The labels that are in fewer than two groups, sorted."""
    frame = pd.DataFrame({"label": labels, "group": groups}).dropna(subset="label")
    count = frame.groupby("label")["group"].nunique()
    return sorted(count.index[count < FEWEST_GROUPS])


def _drawn(labels: np.ndarray, groups: np.ndarray, most: int, seed: int) -> np.ndarray:
    """The rows with a label, or those of so many groups that there are at most ``most``."""
    known = np.flatnonzero(~pd.isna(labels))
    if len(known) <= most:
        return known
    codes, names = pd.factorize(groups[known], sort=True)
    order = np.random.default_rng(seed).permutation(len(names))
    held = np.cumsum(np.bincount(codes)[order])
    return known[np.isin(codes, order[held <= max(most, held[0])])]


# Nested, grouped cross-validation: settings are chosen on objects that are not predicted.


@dataclass(frozen=True)
class Labelled:
    """Objects with a label: ``x`` (m, d) float64, ``codes`` and ``groups`` (m,) integers.

    ``classes`` (c,) are the names of the codes, sorted; ``parts`` (d,) the models of dimensions.
    """

    x: np.ndarray
    codes: np.ndarray
    groups: np.ndarray
    classes: np.ndarray
    parts: np.ndarray | None = None

    @property
    def classifiers(self) -> dict[str, Classifier]:
        """All classifiers, and the one for several parts where there are any."""
        several = self.parts is not None and len(np.unique(self.parts)) > 1
        return CLASSIFIERS | FUSION if several else CLASSIFIERS

    def known(self, rows: np.ndarray) -> Known:
        """The objects of ``rows`` (m,) bool to learn from."""
        return Known(
            self.x[rows], self.codes[rows], len(self.classes), self.groups[rows], self.parts
        )

    def with_features(self, features: np.ndarray) -> "Labelled":
        """The same objects with named ``features`` (m, k) as one more part."""
        own = ["embedding"] * self.x.shape[1] if self.parts is None else list(self.parts)
        parts = np.array(own + ["features"] * features.shape[1])
        return replace(self, x=np.column_stack([self.x, standardised(features)]), parts=parts)

    def only(self, rows: np.ndarray) -> "Labelled":
        """The objects of ``rows``; class codes stay what they are."""
        return Labelled(self.x[rows], self.codes[rows], self.groups[rows], self.classes, self.parts)


def _fixed(objects: Labelled, splits: np.ndarray, seed: int) -> list[pd.DataFrame]:
    test = np.flatnonzero(splits == "test")
    if not len(test) or len(np.unique(objects.codes[splits == "train"])) < 2:
        return []
    tables = []
    for name, classifier in objects.classifiers.items():
        predicted, setting = by_fixed_split(classifier, objects, splits, seed)
        part = np.zeros(len(test), dtype=np.int64)
        made = prediction_table(objects, test, predicted, part, [setting])
        tables.append(made.assign(split=FIXED_SPLIT, classifier=name, repeat=0)[list(KINDS)])
    return tables


def _repeated(
    objects: Labelled, joined: Labelled, n_folds: int, repeats: int, seed: int
) -> tuple[list[pd.DataFrame], dict[str, list[float]]]:
    """The predictions of each repeat and classifier, and the areas under the curve of two."""
    areas: dict[str, list[float]] = {"logistic": [], JOINED: []}
    if len(np.unique(objects.codes)) < 2:
        return [], areas
    rows, tables = np.arange(len(objects.codes)), []
    used = [(name, classifier, objects) for name, classifier in objects.classifiers.items()]
    used.append((JOINED, FUSION["fused"], joined))
    for repeat, state in enumerate(np.random.SeedSequence(seed).generate_state(repeats).tolist()):
        parts = folds(objects.codes, objects.groups, n_folds, state)
        shares = {"logistic": logistic_shares, JOINED: partial(fused_shares, seed=state)}
        for name, classifier, own in used:
            predicted, chosen = out_of_fold(classifier, own, parts, state)
            made = prediction_table(own, rows, predicted, parts, chosen)
            made = made.assign(split=CROSS_VALIDATION, classifier=name, repeat=repeat)
            tables.append(made[list(KINDS)])
            if name in areas:
                areas[name].append(area_under_curve(own, parts, chosen, shares[name]))
    return tables, areas


def area_under_curve(
    objects: Labelled,
    parts: np.ndarray,
    chosen: list[dict],
    shares_of: Callable[[Known, np.ndarray, dict], np.ndarray],
) -> float:
    """The area under the ROC curve of each class against the rest, as a mean over classes.

    By the probabilities ``shares_of`` (known, query, setting), with the setting ``chosen`` for each
    fold of ``parts`` (m,), of objects that were not learned from.
    """
    shares = np.empty((len(parts), len(objects.classes)))
    for part, setting in enumerate(chosen):
        held = parts == part
        shares[held] = shares_of(objects.known(~held), objects.x[held], setting)
    present = np.unique(objects.codes)
    return float(np.mean([roc_auc_score(objects.codes == k, shares[:, k]) for k in present]))


def prediction_table(
    objects: Labelled,
    rows: np.ndarray,
    predicted: np.ndarray,
    parts: np.ndarray,
    chosen: list[dict],
) -> pd.DataFrame:
    """Predicted codes (q,) of ``rows`` (q,), with the fold of each and the setting of its fold.

    Its columns are ``fold row true predicted setting``.
    """
    texts = [", ".join(f"{key} {value}" for key, value in setting.items()) for setting in chosen]
    columns = {
        "fold": parts,
        "row": rows,
        "true": objects.classes[objects.codes[rows]],
        "predicted": objects.classes[predicted],
        "setting": np.array(texts, dtype=object)[parts],
    }
    return pd.DataFrame(columns)


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
    accuracies = [
        balanced_accuracy(confusion_matrix(true, row, classes))
        for row in np.concatenate(predicted, axis=1)
    ]
    return settings[int(np.argmax(np.round(accuracies, 9)))]


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
