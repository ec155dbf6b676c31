"""Labels predicted from an embedding by several classifiers that did not see them."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from morphoflow.analysis.classifiers import CLASSIFIERS
from morphoflow.analysis.geometry import centred, check_embedding
from morphoflow.analysis.nested import Labelled, by_fixed_split, folds, out_of_fold

CROSS_VALIDATION, FIXED_SPLIT = "cross_validation", "fixed_split"
# A class in fewer groups cannot be learned from one and predicted in another.
FEWEST_GROUPS = 2
KINDS = {
    **dict.fromkeys(("split", "classifier"), "object"),
    **dict.fromkeys(("repeat", "fold", "row"), "int64"),
    **dict.fromkeys(("true", "predicted", "setting"), "object"),
}


def predict_labels(
    x: np.ndarray,
    labels: np.ndarray,
    splits: np.ndarray,
    groups: np.ndarray,
    *,
    n_folds: int,
    repeats: int,
    most_objects: int,
    labels_used: bool,
    seed: int,
) -> pd.DataFrame:
    """Predicted labels of ``x`` (n, d) by k-NN, logistic regression, random forest and majority.

    ``labels`` (n,), None where unknown; ``splits``, ``groups`` (n,). The table has the columns
    ``split classifier repeat fold row true predicted setting``; ``row`` is a row of ``x``.

    "cross_validation" predicts every labelled object from the other folds, whole groups at a time,
    in ``repeats`` different divisions into ``n_folds``; the settings of each classifier are chosen
    by a further cross-validation within the other folds (Varma and Simon 2006). An embedding that
    was learned without labels may have been learned from the very objects that are predicted: this
    judges the embedding of a collection, not of new objects. If labels were used to learn it
    (``labels_used``), its training objects would only give them back, and there is no
    cross-validation. "fixed_split" always is: the classifier learns from the training split, its
    settings are chosen on validation, and test objects are predicted.

    Classes in fewer than two groups are left out of the cross-validation. Of more than
    ``most_objects`` labelled objects, as many are used as whole groups, drawn at random, hold.
    """
    check_embedding(x, 1, "cross-validation")
    known = _drawn(labels, groups, most_objects, seed)
    names, codes = np.unique(labels[known].astype(str), return_inverse=True)
    own = pd.factorize(groups[known], sort=True)[0]
    objects = Labelled(centred(x)[known], codes, own, names)
    tables = [pd.DataFrame(columns=list(KINDS))]
    with threadpool_limits(limits=1):
        tables += [
            made.assign(row=known[made["row"]]) for made in _fixed(objects, splits[known], seed)
        ]
        if not labels_used:
            kept = np.flatnonzero(~np.isin(names, rare_classes(labels[known], own))[codes])
            made = _repeated(objects.only(kept), n_folds, repeats, seed)
            tables += [table.assign(row=known[kept][table["row"]]) for table in made]
    return pd.concat([table.astype(KINDS) for table in tables], ignore_index=True)


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


def _fixed(objects: Labelled, splits: np.ndarray, seed: int) -> list[pd.DataFrame]:
    test = np.flatnonzero(splits == "test")
    if not len(test) or len(np.unique(objects.codes[splits == "train"])) < 2:
        return []
    tables = []
    for name, classifier in CLASSIFIERS.items():
        predicted, setting = by_fixed_split(classifier, objects, splits, seed)
        part = np.zeros(len(test), dtype=np.int64)
        made = _table(objects, test, predicted, part, [setting])
        tables.append(made.assign(split=FIXED_SPLIT, classifier=name, repeat=0)[list(KINDS)])
    return tables


def _repeated(objects: Labelled, n_folds: int, repeats: int, seed: int) -> list[pd.DataFrame]:
    if len(np.unique(objects.codes)) < 2:
        return []
    rows, tables = np.arange(len(objects.codes)), []
    for repeat, state in enumerate(np.random.SeedSequence(seed).generate_state(repeats).tolist()):
        parts = folds(objects.codes, objects.groups, n_folds, state)
        for name, classifier in CLASSIFIERS.items():
            predicted, chosen = out_of_fold(classifier, objects, parts, state)
            made = _table(objects, rows, predicted, parts, chosen)
            made = made.assign(split=CROSS_VALIDATION, classifier=name, repeat=repeat)
            tables.append(made[list(KINDS)])
    return tables


def _table(
    objects: Labelled,
    rows: np.ndarray,
    predicted: np.ndarray,
    parts: np.ndarray,
    chosen: list[dict],
) -> pd.DataFrame:
    """Predictions (q,) of ``rows`` (q,), with the fold of each and the setting of its fold."""
    texts = [", ".join(f"{key} {value}" for key, value in setting.items()) for setting in chosen]
    columns = {
        "fold": parts,
        "row": rows,
        "true": objects.classes[objects.codes[rows]],
        "predicted": objects.classes[predicted],
        "setting": np.array(texts, dtype=object)[parts],
    }
    return pd.DataFrame(columns)
