"""Where labels say nothing, 5 % is significant at 5 %, and no more where objects share groups.

Labels are constant in groups, or mixed in them, and members of a group are alike, which is what
misleads a test that counts objects. Each law is over many made data sets; the bounds are 5 % and
three standard errors of a share of so many independent groups or data sets.
"""

import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis.classification import classification_scores, percentiles, with_intervals
from morphoflow.analysis.confusion import group_matrices
from morphoflow.analysis.neighbours import Predictions
from morphoflow.analysis.outliers import conformal_p, tail_p
from morphoflow.analysis.retrieval import average_precisions, rank
from morphoflow.analysis.retrieval_groups import (
    dealt_labels,
    with_group_p_values,
    with_significance,
)
from morphoflow.analysis.retrieval_scores import retrieval_scores
from morphoflow.neurons.rebuild.realism import Neurons, Sets, error_interval

DESIGNS = {"alone": (60, 1, True), "constant": (14, 6, True), "mixed": (14, 6, False)}


def made(groups: int, members: int, constant: bool, rng: np.random.Generator):
    """Points of groups that lie apart, labels that have nothing to do with them, and the groups."""
    group = np.repeat(np.arange(groups), members)
    x = 3 * rng.normal(size=(groups, 5))[group] + rng.normal(size=(len(group), 5))
    codes = rng.permutation(np.arange(groups) % 2)[group]
    if not constant:
        codes = (rng.random(len(group)) < rng.random(groups)[group]).astype(int)
    return x, np.array(["a", "b"], dtype=object)[codes], group


def bound(n: float) -> float:
    """5 % and three standard errors of a share of ``n``."""
    return 0.05 + 3 * np.sqrt(0.05 * 0.95 / n)


@pytest.mark.parametrize("design", DESIGNS)
def test_retrieval_of_labels_that_say_nothing_is_significant_by_chance_alone(design):
    groups, members, constant = DESIGNS[design]
    repeats, queries, corrected, labels, excess = 60, [], [], [], []
    for seed in range(repeats):
        rng = np.random.default_rng([seed, groups])
        x, names, group = made(groups, members, constant, rng)
        ranking = rank(x, names, group, np.ones(len(x), bool), metric="cosine", exclude_group=True)
        table, summary = with_significance(average_precisions(ranking), ranking, 199, 0.05, seed)
        queries.append((table["p_value"] <= 0.05).mean())
        corrected.append((table["corrected_p_value"] <= 0.05).mean())
        labels.append((summary["corrected_p_value"] <= 0.05).any())
        excess.append((table["average_precision"] - table["chance"]).mean())
    error = np.std(excess) / np.sqrt(repeats)
    assert np.mean(queries) <= 0.05 + 3 * np.std(queries) / np.sqrt(repeats)
    assert np.mean(corrected) <= 0.05
    assert np.mean(labels) <= bound(repeats)
    assert abs(np.mean(excess)) <= 4 * error


def test_retrieval_of_labels_that_groups_follow_is_significant():
    rng = np.random.default_rng(0)
    _, names, group = made(14, 6, True, rng)
    x = 12.0 * (names == "a")[:, None] * np.ones(5) + rng.normal(size=(84, 5))
    ranking = rank(x, names, group, np.ones(84, bool), metric="euclidean", exclude_group=True)
    table, summary = with_significance(average_precisions(ranking), ranking, 999, 0.05, 0)
    assert (table["average_precision"] == 1).all()
    assert (table["corrected_p_value"] <= 0.05).all() and (summary["p_value"] <= 0.01).all()


def test_a_null_of_groups_is_that_of_random_rankings_where_all_are_alone():
    rng = np.random.default_rng(0)
    x, names, group = made(40, 1, True, rng)
    ranking = rank(x, names, group, np.ones(40, bool), metric="cosine", exclude_group=True)
    table = average_precisions(ranking)
    exact = with_significance(table, ranking, 4000, 0.05, 0)[0]
    dealt = with_group_p_values(table, ranking, 4000, 0.05, 0)[0]
    np.testing.assert_allclose(dealt["p_value"], exact["p_value"], atol=0.06)
    np.testing.assert_allclose(dealt["chance"], exact["chance"], atol=0.01)


def test_labels_are_dealt_to_whole_groups_or_within_them():
    codes = np.array([0, 0, 1, 1, 1, 0, 2, 0, 1])
    groups = np.array([0, 0, 1, 1, 1, 2, 3, 4, 4])
    dealt = dealt_labels(codes, groups, 300, np.random.default_rng(0))
    assert (dealt[:, 0] == dealt[:, 1]).all() and (np.ptp(dealt[:, 2:5], axis=1) == 0).all()
    # The last group has two labels and keeps them.
    assert (dealt[:, 7] + dealt[:, 8] == 1).all() and 0.3 < dealt[:, 7].mean() < 0.7
    assert set(dealt[:, 5]) == {0, 1, 2}
    of_groups = np.sort(dealt[:, [0, 2, 5, 6]], axis=1)
    assert (of_groups == [0, 0, 1, 2]).all()


def test_intervals_of_predictions_that_know_nothing_hold_chance():
    repeats, groups, members = 300, 12, 8
    classes, group = np.array(["a", "b"]), np.repeat(np.arange(groups), members)
    beyond = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        true = classes[rng.permutation(np.arange(groups) % 2)[group]]
        # Members of a group are taken for the same class, as in an embedding of groups.
        leaning = rng.beta(0.5, 0.5, groups)[group]
        predicted = classes[(rng.random(len(group)) < leaning).astype(int)]
        matrices = group_matrices(true, predicted, group, classes)
        _, low, high = with_intervals(matrices, 300, rng)["balanced_accuracy"]
        beyond.append((low > 0.5) or (high < 0.5))
    assert np.mean(beyond) <= bound(repeats)


def test_intervals_are_wider_for_few_groups_and_the_usual_ones_for_many():
    np.testing.assert_allclose(percentiles(100_000), (0.025, 0.975), atol=1e-4)
    low, high = percentiles(10)
    assert low < 0.012 and high == pytest.approx(1 - low)


def test_every_interval_is_of_groups():
    # Twenty copies of each object in a group say no more than one.
    rng = np.random.default_rng(0)
    true, predicted = rng.choice(["a", "b"], 30), rng.choice(["a", "b"], 30)
    found = []
    for copies in (1, 20):
        t, p = np.repeat(true, copies), np.repeat(predicted, copies)
        made = Predictions("test", np.arange(len(t)), t, p, "a", 1)
        rows = classification_scores(made, np.repeat(np.arange(30), copies), 200, 0)
        found.append([(row["low"], row["high"]) for row in rows])
    np.testing.assert_allclose(*found)


def test_intervals_of_retrieval_hold_the_mean_of_all_groups():
    beyond = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(15), 8)
        value = rng.normal(size=15)[group] + rng.normal(size=120)
        table = pd.DataFrame({"row": np.arange(120), "average_precision": value, "chance": 0.0})
        table["corrected_p_value"] = 1.0
        rows = retrieval_scores(
            table,
            np.full(120, "test"),
            group,
            level=0.05,
            n_bootstraps=300,
            labels_used=True,
            seed=seed,
        )
        beyond.append(rows[0]["low"] > 0 or rows[0]["high"] < 0)
    assert np.mean(beyond) <= bound(300)


@pytest.mark.parametrize("test", [conformal_p, tail_p])
@pytest.mark.parametrize(("groups", "members", "apart"), [(15, 12, 2), (40, 3, 2), (120, 1, 0)])
def test_objects_as_they_should_be_are_strange_by_chance_alone(test, groups, members, apart):
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(groups + 10), members)
        scores = apart * rng.normal(size=groups + 10)[group] + rng.normal(size=len(group))
        p = test(scores, group < groups, group)
        found.append((p[group >= groups] <= 0.05).mean())
    assert np.mean(found) <= 0.05 + 3 * np.std(found) / np.sqrt(300)


def grouped_neurons(groups: int, rng: np.random.Generator, shift: float) -> Neurons:
    """Five neurons of each of some animals, which differ; a class is of every other animal."""
    group = np.repeat(np.arange(groups), 5)
    x = 10 + shift + 2 * rng.normal(size=(groups, 6))[group] + rng.normal(size=(len(group), 6))
    return Neurons(None, np.array(["a", "b"])[group % 2], group, x, [])


@pytest.mark.parametrize("shift", [0, 3])
def test_intervals_of_morphometric_errors_hold_the_mean_error(shift):
    values, ends = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        made, real = grouped_neurons(12, rng, shift), grouped_neurons(12, rng, 0)
        means = [[s.x[s.labels == label].mean(axis=0) for label in "ab"] for s in (made, real)]
        values.append(np.mean(np.abs(np.subtract(*means)) / np.abs(means[1])))
        ends.append(error_interval(Sets(made, real, real), values[-1], 200, rng))
    low, high = np.transpose(ends)
    assert np.mean((low > np.mean(values)) | (high < np.mean(values))) <= bound(300)
    assert (low <= values).all() and (high >= values).all()


def test_morphometric_errors_of_few_groups_have_no_interval():
    rng = np.random.default_rng(0)
    few, many = grouped_neurons(9, rng, 0), grouped_neurons(10, rng, 0)
    assert np.isnan(error_interval(Sets(few, many, many), 0.1, 20, rng)).all()
    assert np.isfinite(error_interval(Sets(many, few, many), 0.1, 20, rng)).all()
