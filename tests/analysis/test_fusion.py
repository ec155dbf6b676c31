"""Weights of joined models: learned from what is known, never from what is predicted."""

import numpy as np
import pytest

from morphoflow.analysis.classifiers import CLASSIFIERS, Known
from morphoflow.analysis.cross_validation import predict_labels
from morphoflow.analysis.fusion import FUSION, part_weights
from morphoflow.analysis.prediction_scores import prediction_scores

SETTING = {"C": 0.1}


def joined(n=60, useful=2.0, seed=0):
    """Two parts of 5 dimensions each: class means are ``useful`` apart in the first alone."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    x = rng.normal(size=(n, 10))
    x[:, :3] += useful * np.eye(3)[codes]
    return x, codes, np.repeat(["a", "b"], 5)


def test_a_part_that_tells_nothing_gets_no_weight_and_one_that_does_gets_some():
    x, codes, parts = joined()
    weight = part_weights(Known(x, codes, 3, np.arange(60), parts), SETTING, 0)
    assert weight[0] > 0.5 and weight[1] < 0.1 * weight[0]


def test_where_nothing_can_be_compared_weights_are_equal():
    x, codes, parts = joined()
    alike = Known(x, codes, 3, np.zeros(60), parts)
    assert part_weights(alike, SETTING, 0).tolist() == [0.5, 0.5]


def test_weighted_parts_are_better_than_all_dimensions_alike_where_most_are_noise():
    rng = np.random.default_rng(1)
    x, codes, _ = joined(90)
    x = np.concatenate([x, rng.normal(size=(90, 120))], axis=1)
    parts = np.repeat(["a", "b"], [5, 125])
    known = Known(x[:60], codes[:60], 3, np.arange(60), parts)
    right = {
        name: (classifier(known, x[60:], [SETTING], 0)[0] == codes[60:]).mean()
        for name, classifier in {"logistic": CLASSIFIERS["logistic"], **FUSION}.items()
    }
    assert right["fused"] > right["logistic"]


@pytest.mark.parametrize("parts", [np.repeat("a", 10), np.repeat(["a", "b"], 5)])
def test_only_several_parts_are_weighed_and_their_scores_are_listed(parts):
    x, codes, _ = joined(24)
    labels = np.array(["one", "two", "three"], dtype=object)[codes]
    groups = np.array([f"g{k // 2}" for k in range(24)], dtype=object)
    splits = np.resize(["train", "train", "validation", "test"], 24).astype(object)
    table = predict_labels(
        x,
        x[:, :1],
        labels,
        splits,
        groups,
        parts=parts,
        n_folds=2,
        repeats=1,
        most_objects=100,
        labels_used=False,
        seed=0,
    )
    names = {row["score"] for row in prediction_scores(table, groups, 20, False, 0)}
    several = len(set(parts)) > 1
    assert ("fused_balanced_accuracy" in names) == several
    assert ("fused" in set(table["classifier"])) == several
