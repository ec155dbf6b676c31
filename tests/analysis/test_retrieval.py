"""Laws of retrieval: rankings by hand, chance, isometries, and p-values uniform by chance."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from morphoflow.analysis import retrieval
from morphoflow.analysis.retrieval import average_precisions, precision_of_ranks, rank
from morphoflow.analysis.retrieval_null import (
    chance_precision,
    label_table,
    random_precisions,
    with_p_values,
)
from morphoflow.analysis.retrieval_scores import retrieval_scores
from morphoflow.analysis.significance import corrected, share_above
from morphoflow.figures.retrieval import plot_retrieval
from morphoflow.figures.save import save_figure
from synthetic_embeddings import blobs, rotation, splits

METRICS = ("cosine", "euclidean")


def retrieve(x, labels, groups=None, queries=None, metric="euclidean", exclude_group=True):
    groups = np.arange(len(x)) if groups is None else groups
    queries = np.ones(len(x), dtype=bool) if queries is None else queries
    return average_precisions(
        rank(x, labels, groups, queries, metric=metric, exclude_group=exclude_group)
    )


def names(text):
    return np.array(list(text), dtype=object)


def every_precision(positives, candidates):
    """The average precision of every ranking, by hand."""
    found = []
    for places in itertools.combinations(range(1, candidates + 1), positives):
        found.append(np.mean([(j + 1) / place for j, place in enumerate(places)]))
    return np.array(found)


def test_precision_of_rankings_by_hand():
    relevant = np.array([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    found = precision_of_ranks(relevant, relevant.sum(axis=1))
    np.testing.assert_allclose(found[:3], [(1 + 2 / 3) / 2, 1 / 4, 1])
    assert np.isnan(found[3])


def test_a_line_of_objects_by_hand():
    line = np.array([0, 1, 2.5, 4.5, 8])[:, None]
    table = retrieve(line, names("abaab"))
    # From 0: b a a b; from 1: a a a b; from 2.5: b a a b; from 4.5: a b b a; from 8: a a b a.
    expected = [(1 / 2 + 2 / 3) / 2, 1 / 4, (1 / 2 + 2 / 3) / 2, (1 + 2 / 4) / 2, 1 / 3]
    np.testing.assert_allclose(table["average_precision"], expected)
    assert table["positives"].tolist() == [2, 1, 2, 2, 1]
    assert (table["candidates"] == 4).all()


@pytest.mark.parametrize("metric", METRICS)
def test_agrees_with_scikit_learn(metric):
    x, labels = blobs(40, 3, apart=1)
    table = retrieve(x, labels, metric=metric)
    moved = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    for i, found in enumerate(table["average_precision"]):
        others = np.arange(40) != i
        if metric == "cosine":
            near = moved @ moved[i] / np.linalg.norm(moved, axis=1) / np.linalg.norm(moved[i])
        else:
            near = -np.linalg.norm(moved - moved[i], axis=1)
        expected = average_precision_score(labels[others] == labels[i], near[others])
        assert found == pytest.approx(expected)


@pytest.mark.parametrize("metric", METRICS)
def test_isometries_and_scale_do_not_matter(metric):
    x, labels = blobs(60, 3, apart=2)
    other = (x.astype(np.float64) @ rotation(8)) * 50 + 7
    first, second = (retrieve(points, labels, metric=metric) for points in (x, other))
    np.testing.assert_allclose(first["average_precision"], second["average_precision"])


@pytest.mark.parametrize("metric", METRICS)
def test_the_order_of_objects_does_not_matter_even_in_ties(metric):
    x = np.round(blobs(60, 3, d=3, apart=1)[0])
    labels = names("abc" * 20)
    order = np.random.default_rng(0).permutation(60)
    first, second = (
        retrieve(x, labels, metric=metric),
        retrieve(x[order], labels[order], metric=metric),
    )
    np.testing.assert_array_equal(
        first["average_precision"].to_numpy()[order], second["average_precision"]
    )


def test_equal_distances_do_not_help():
    table = retrieve(np.ones((6, 3)), names("aabbbb"))
    worst = {"a": 1 / 5, "b": np.mean([1 / 3, 2 / 4, 3 / 5])}
    np.testing.assert_allclose(table["average_precision"], [worst[k] for k in "aabbbb"])


def test_members_of_a_group_are_not_ranked_for_each_other():
    x, labels = blobs(40, 2, apart=2)
    groups = np.arange(40) // 4
    table = retrieve(x, labels, groups)
    assert (table["candidates"] == 36).all() and (table["positives"] == 18).all()
    one = np.flatnonzero((groups != groups[0]) | (np.arange(40) == 0))
    moved = x - x.mean(axis=0, dtype=np.float64)
    alone = retrieve(np.concatenate([moved[one], -moved[one]]), np.append(labels[one], [None] * 37))
    assert alone["average_precision"][0] == pytest.approx(table["average_precision"][0])
    assert (retrieve(x, labels, groups, exclude_group=False)["candidates"] == 39).all()
    together = retrieve(x, labels, np.zeros(40))
    assert together["average_precision"].isna().all() and (together["candidates"] == 0).all()


def test_blocks_and_unlabelled_objects_change_nothing(monkeypatch):
    x, labels = blobs(50, 3, apart=2)
    labels[::7] = None
    queries = np.arange(50) % 2 == 0
    whole = retrieve(x, labels, queries=queries, metric="cosine")
    assert set(whole["row"]) == set(np.flatnonzero(queries & ~pd.isna(labels)))
    monkeypatch.setattr(retrieval, "BLOCK", 100)
    pd.testing.assert_frame_equal(retrieve(x, labels, queries=queries, metric="cosine"), whole)


@pytest.mark.parametrize(("positives", "candidates"), [(1, 1), (1, 7), (3, 8), (8, 8), (2, 12)])
def test_chance_is_the_mean_over_all_rankings(positives, candidates):
    expected = every_precision(positives, candidates).mean()
    found = chance_precision(np.array([positives]), np.array([candidates]))[0]
    assert found == pytest.approx(expected)


def test_random_rankings_are_uniform_over_all_rankings():
    exact = every_precision(3, 8)
    drawn = random_precisions(3, 8, 40_000, np.random.default_rng(0))
    assert (np.diff(drawn) >= 0).all()
    for value in np.unique(np.round(exact, 9)):
        share = (exact >= value - 1e-9).mean()
        # Five standard errors of a share.
        error = 5 * np.sqrt(share * (1 - share) / 40_000) + 1e-12
        assert abs((drawn >= value - 1e-9).mean() - share) <= error


def test_p_values_are_uniform_by_chance_and_small_for_blobs():
    generator = np.random.default_rng(0)
    labels = generator.permutation(names("abcd" * 100))
    noise = retrieve(generator.normal(size=(400, 6)), labels)
    table, _ = with_p_values(noise, 2000, 0)
    # Queries share neighbours: far more than the binomial error is allowed.
    for level in (0.1, 0.25, 0.5, 0.75):
        assert abs((table["p_value"] <= level).mean() - level) < 0.12
    assert (table["corrected_p_value"] >= table["p_value"]).all()
    x, names_of = blobs(60, 3)
    found, _ = with_p_values(retrieve(x, names_of), 2000, 0)
    assert (found["average_precision"] == 1).all()
    assert (found["p_value"] == 1 / 2001).all()


def test_rounded_list_sizes_make_p_values_larger_and_hardly_so():
    positives, candidates = np.meshgrid([150, 157, 163, 170], np.arange(1000, 1020), indexing="ij")
    table = pd.DataFrame({"positives": positives.ravel(), "candidates": candidates.ravel()})
    table["average_precision"] = 0.18
    rounded, nulls = with_p_values(table, 4000, 0)
    assert len(nulls) <= len(table) / 4
    exact = [
        with_p_values(table[i : i + 1].reset_index(drop=True), 4000, 0)[0] for i in (0, 25, 50)
    ]
    found = rounded["p_value"].to_numpy()[[0, 25, 50]]
    before = np.array([one["p_value"][0] for one in exact])
    assert (found > before - 0.03).all() and (found < before + 0.1).all()


def test_labels_are_summed_up_with_an_upper_bound_of_p():
    x, labels = blobs(60, 3)
    table, nulls = with_p_values(retrieve(x, labels), 1000, 0)
    summary = label_table(table, nulls, 0.05).set_index("label")
    assert summary.loc["class2", "mean_average_precision"] == 1
    assert summary.loc["class2", "p_value"] == 1 / 1001
    assert summary.loc["class2", "significant"] == 1
    noise = np.random.default_rng(0).normal(size=(60, 8))
    table, nulls = with_p_values(retrieve(noise, labels), 1000, 0)
    summary = label_table(table, nulls, 0.05).set_index("label")
    assert (summary["p_value"] > 0.05).all()
    means = table.groupby("label")["average_precision"].mean()
    np.testing.assert_allclose(summary["mean_average_precision"], means)
    # Of queries with one list size, the mean is as rare as one query that is as precise.
    alone = table[table["label"] == "class0"]["average_precision"].to_numpy()
    at_mean = share_above(np.array([alone.mean()]), nulls[19, 59])[0]
    assert summary.loc["class0", "p_value"] == pytest.approx(at_mean, abs=0.002)


def test_benjamini_and_hochberg_by_hand():
    found = corrected(np.array([0.01, np.nan, 0.04, 0.03, 0.9]))
    np.testing.assert_allclose(found, [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.9])
    assert share_above(np.array([3, 0.5, np.nan]), np.array([1.0, 2, 3]))[0] == pytest.approx(0.5)
    assert share_above(np.array([0.5]), np.array([1.0, 2, 3]))[0] == 1


def test_scores_stand_beside_chance_and_test_queries_alone_where_labels_were_used():
    x, labels = blobs(150, 3, apart=2)
    table, _ = with_p_values(retrieve(x, labels), 1000, 0)
    usual = {"level": 0.05, "n_bootstraps": 200, "seed": 0}
    rows = retrieval_scores(table, splits(150, 3), np.arange(150), labels_used=False, **usual)
    scores = {(row["split"], row["score"]): row for row in rows}
    row = scores["all", "retrieval_map"]
    assert row["value"] == pytest.approx(table["average_precision"].mean())
    assert scores["all", "retrieval_chance"]["value"] < row["low"] < row["value"] < row["high"]
    assert scores["test", "retrieval_map"]["n"] == 30
    rows = retrieval_scores(table[:0], splits(150, 3), np.arange(150), labels_used=True, **usual)
    assert {row["split"] for row in rows} == {"test"}
    assert all(np.isnan(row["value"]) for row in rows)


def test_no_labels_give_empty_tables_and_a_figure_that_says_so(tmp_path):
    x, labels = blobs(30, 3, apart=2)
    for given, panels in ((np.full(30, None, dtype=object), 1), (labels, 1)):
        table, nulls = with_p_values(retrieve(x, given), 100, 0)
        summary = label_table(table, nulls, 0.05)
        assert len(summary) == len(set(given) - {None})
        for name in ("one", "two"):
            figure = plot_retrieval(table, summary)
            save_figure(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
        assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
        assert len(figure.axes) == panels
