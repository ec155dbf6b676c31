"""Where labels say nothing, 5 % is significant at 5 %, and no more where objects share groups.

Labels are constant in groups, or mixed in them, and members of a group are alike, which is what
misleads a test that counts objects. Each law is over many made data sets; the bounds are 5 % and
three standard errors of a share of so many independent groups or data sets.
"""

import numpy as np
import pytest

from morphoflow.analysis.classification import classification_scores, percentiles
from morphoflow.analysis.neighbours import Predictions
from morphoflow.analysis.retrieval import average_precisions, rank
from morphoflow.analysis.retrieval_groups import (
    dealt_labels,
    with_group_p_values,
    with_significance,
)
from morphoflow.neurons.rebuild.realism import Sets, error_interval
from simulated_nulls import DESIGNS, LEVEL, NULLS, grouped_neurons, made, rejected


@pytest.mark.parametrize("name", NULLS)
def test_what_says_nothing_is_significant_by_chance_alone(name):
    share, error = rejected(name, 40 if name.startswith("retrieval") else 200)
    assert share <= LEVEL + 3 * error


@pytest.mark.parametrize("design", DESIGNS)
def test_retrieval_of_labels_that_say_nothing_is_at_chance(design):
    excess = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, names, group = made(*DESIGNS[design], rng)
        ranking = rank(x, names, group, np.ones(len(x), bool), metric="cosine", exclude_group=True)
        table = with_significance(average_precisions(ranking), ranking, 199, LEVEL, seed)[0]
        excess.append((table["average_precision"] - table["chance"]).mean())
    assert abs(np.mean(excess)) <= 4 * np.std(excess) / np.sqrt(len(excess))


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


def test_morphometric_errors_of_few_groups_have_no_interval():
    rng = np.random.default_rng(0)
    few, many = grouped_neurons(9, rng, 0), grouped_neurons(10, rng, 0)
    assert np.isnan(error_interval(Sets(few, many, many), 0.1, 20, rng)).all()
    assert np.isfinite(error_interval(Sets(many, few, many), 0.1, 20, rng)).all()
