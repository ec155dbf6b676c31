"""Models in one order: by cross-validation, with paired tests over groups and Holm's correction."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from morphoflow.analysis.ranking import compare_pairs, holm_of_pairs, rank_models
from morphoflow.analysis.scores import combine_scores, score, score_table

N = 60
TRUE = np.where(np.arange(N) < 40, "a", "b")


def predicted(wrong: np.ndarray) -> pd.DataFrame:
    """A table of cross-validation in which the objects of ``wrong`` (n,) bool are mistaken."""
    other = np.where(TRUE == "a", "b", "a")
    columns = {"id": [f"o{i}" for i in range(N)], "true": TRUE}
    columns["predicted"] = np.where(wrong, other, TRUE)
    return pd.DataFrame(columns).assign(split="cross_validation", classifier="logistic", repeat=0)


def balanced(wrong: np.ndarray) -> float:
    return float(np.mean([1 - wrong[name == TRUE].mean() for name in "ab"]))


def scores_of(model: str, value: float, seed: int = 0, **more: float) -> pd.DataFrame:
    rows = [score("cross_validation", "logistic_balanced_accuracy", value, N)]
    rows += [score("all", name, number, N) for name, number in more.items()]
    run = {"dataset": "d", "model": model, "variant": "default", "seed": seed}
    return score_table(run, rows)


def ranked(wrong: dict[str, np.ndarray], groups: np.ndarray):
    scores = combine_scores([scores_of(name, balanced(rows)) for name, rows in wrong.items()])
    predictions = {(name, "default", 0): predicted(rows) for name, rows in wrong.items()}
    return rank_models(scores, predictions, pd.Series(groups, [f"o{i}" for i in range(N)]))


def first(n: int, seed: int = 0) -> np.ndarray:
    """``n`` objects at random."""
    return np.random.default_rng(seed).permutation(N) < n


def test_the_difference_is_that_of_balanced_accuracies_and_the_best_is_first():
    wrong = {"poor": first(30), "good": first(3), "fair": first(12)}
    table, pairs = ranked(wrong, np.arange(N))
    assert table["model"].tolist() == ["good", "fair", "poor"]
    assert table["rank"].tolist() == [1, 2, 3]
    for _, row in pairs.iterrows():
        expected = balanced(wrong[row["model"]]) - balanced(wrong[row["other_model"]])
        assert row["difference"] == pytest.approx(expected)
    assert np.isnan(table["p_value"][0]) and table["corrected_p_value"][2] < 0.01


def test_equal_models_are_not_told_apart():
    table, _ = ranked({"one": first(9), "other": first(9)}, np.arange(N))
    assert table["p_value"][1] == 1 and table["difference"][1] == 0


def test_objects_of_one_group_do_not_count_as_many():
    wrong = {"one": np.arange(N) % 4 < 1, "other": np.arange(N) % 4 < 2}
    alone, _ = ranked(wrong, np.arange(N))
    grouped, _ = ranked(wrong, np.arange(N) // 15)
    single, _ = ranked(wrong, np.zeros(N))
    assert alone["p_value"][1] < grouped["p_value"][1]
    assert (grouped["groups"] == 4).all() and np.isnan(single["p_value"][1])


def test_the_test_is_the_paired_t_test_of_groups():
    sums = np.random.default_rng(0).normal(size=(12, 3))
    difference, p = compare_pairs(sums)
    for row in range(3):
        for column in {0, 1, 2} - {row}:
            expected = ttest_rel(sums[:, row], sums[:, column]).pvalue
            assert p[row, column] == pytest.approx(expected)
    np.testing.assert_allclose(difference, -difference.T)


def test_holm_multiplies_the_least_p_value_by_the_number_of_pairs():
    p = np.ones((3, 3))
    for (row, column), value in {(0, 1): 0.01, (0, 2): 0.03, (1, 2): 0.02}.items():
        p[row, column] = p[column, row] = value
    adjusted = holm_of_pairs(p)
    assert adjusted[0, 1] == pytest.approx(0.03)
    assert adjusted[1, 2] == adjusted[0, 2] == pytest.approx(0.04)
    np.testing.assert_array_equal(adjusted, adjusted.T)


def test_seeds_are_averaged():
    scores = combine_scores([scores_of("m", 0.6), scores_of("m", 0.8, seed=1)])
    wrong = {("m", "default", seed): predicted(first(9, seed)) for seed in (0, 1)}
    groups = pd.Series(range(N), [f"o{i}" for i in range(N)])
    table, pairs = rank_models(scores, wrong, groups)
    assert table["balanced_accuracy"].tolist() == [pytest.approx(0.7)]
    assert table["seeds"].tolist() == [2] and pairs.empty


def test_without_labels_the_order_is_that_of_what_there_is():
    tables = [scores_of("a", np.nan, retrieval_map=0.2), scores_of("b", np.nan, retrieval_map=0.4)]
    empty = predicted(first(0)).iloc[:0]
    predictions = {(name, "default", 0): empty for name in "ab"}
    table, pairs = rank_models(combine_scores(tables), predictions, pd.Series(dtype=object))
    assert table["model"].tolist() == ["b", "a"] and pairs.empty
    assert table["corrected_p_value"].isna().all()


def test_many_models_are_compared_at_once():
    sums = np.random.default_rng(0).normal(size=(300, 1000))
    p = compare_pairs(sums)[1]
    assert holm_of_pairs(p).min() > 0.001
