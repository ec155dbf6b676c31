"""Laws of classification by neighbours: chance, certainty, who may vote, intervals."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from morphoflow.analysis.classification import classification_scores, confusion_tables
from morphoflow.analysis.confusion import (
    SCORES,
    balanced_accuracy,
    bootstrap_matrices,
    confusion_matrix,
    group_matrices,
)
from morphoflow.analysis.neighbours import Voters, classify
from synthetic_embeddings import blobs, rotation, splits


def run(x, labels, split, groups=None, neighbours=(5, 3, 1), labels_used=False):
    groups = np.arange(len(x)) if groups is None else groups
    made = classify(x, labels, split, groups, neighbours=list(neighbours), labels_used=labels_used)
    return {predictions.split: predictions for predictions in made}


def scores_of(predictions, n):
    rows = classification_scores(predictions, np.arange(n), 200, 0)
    return {row["score"]: row for row in rows}


def test_blobs_far_apart_are_told_apart_and_the_majority_is_not():
    x, labels = blobs(150, 3)
    made = run(x, labels, splits(150, 3))
    assert set(made) == {"validation", "test"}
    scores = scores_of(made["test"], 150)
    assert scores["knn_balanced_accuracy"]["value"] == 1
    assert scores["knn_balanced_accuracy"]["n"] == 30
    assert scores["majority_balanced_accuracy"]["value"] == pytest.approx(1 / 3)


def test_shuffled_labels_are_guessed_at_chance():
    x, labels = blobs(1500, 3)
    shuffled = np.random.default_rng(0).permutation(labels)
    made = run(x, shuffled, splits(1500, 3))["test"]
    value = scores_of(made, 1500)["knn_balanced_accuracy"]["value"]
    # 300 test objects: three standard errors of a guess among three classes.
    assert abs(value - 1 / 3) < 3 * np.sqrt(2 / 9 / 300)


def test_turning_moving_and_scaling_do_not_matter():
    x, labels = blobs(150, 3, apart=2)
    other = (x.astype(np.float64) @ rotation(8)) * 50 + 7
    for split, predictions in run(x, labels, splits(150, 3)).items():
        assert (run(other, labels, splits(150, 3))[split].predicted == predictions.predicted).all()


def test_test_objects_neither_vote_nor_choose():
    x, labels = blobs(150, 3, apart=2)
    split = splits(150, 3)
    test = split == "test"
    before = run(x, labels, split)
    moved = x.copy()
    moved[np.flatnonzero(test)[0]] += 3
    after = run(moved - (moved.mean(axis=0) - x.mean(axis=0)), labels, split)
    assert (after["validation"].predicted == before["validation"].predicted).all()
    assert (after["test"].predicted[1:] == before["test"].predicted[1:]).all()
    relabelled = labels.copy()
    relabelled[test] = np.roll(labels[test], 1)
    again = run(x, relabelled, split)
    assert (again["test"].predicted == before["test"].predicted).all()
    assert again["test"].n_neighbours == before["test"].n_neighbours


def test_unlabelled_objects_are_left_out():
    x, labels = blobs(60, 3)
    split = splits(60, 3)
    labels[::7] = None
    made = run(x, labels, split)["test"]
    assert set(made.index) == set(np.flatnonzero((split == "test") & (labels != None)))  # noqa: E711
    kept = labels != None  # noqa: E711
    without = run(x[kept] - x.mean(axis=0), labels[kept], split[kept])["test"]
    assert (without.predicted == made.predicted).all()


def test_the_number_of_neighbours_is_the_best_on_validation_and_the_first_in_a_tie():
    x, labels = blobs(60, 3)
    assert run(x, labels, splits(60, 3), neighbours=(5, 1))["test"].n_neighbours == 5
    assert run(x, labels, splits(60, 3), neighbours=(1, 5))["test"].n_neighbours == 1
    # A training object of the wrong class sits on each validation object: one neighbour errs.
    line = np.array([0, 1, 2, 10, 11, 12, 1.05, 11.05, 1.04, 11.04, 1.5, 11.5])[:, None]
    names = np.array(list("aaabbb" + "ba" + "ab" + "ab"), dtype=object)
    parts = np.array(["train"] * 8 + ["validation"] * 2 + ["test"] * 2, dtype=object)
    assert run(line, names, parts, neighbours=(1, 3))["test"].n_neighbours == 3


def test_few_test_objects_bring_leave_one_out_unless_labels_were_used():
    x, labels = blobs(18, 3)
    split = splits(18, 3)
    assert run(x, labels, split)["leave_one_out"].true.shape == (18,)
    assert "leave_one_out" not in run(x, labels, split, labels_used=True)
    x, labels = blobs(60, 3)
    assert "leave_one_out" not in run(x, labels, splits(60, 3))


def test_members_of_a_group_do_not_vote_for_each_other():
    # Twins share a place and a random label, so only the twin knows it.
    generator = np.random.default_rng(0)
    x = np.repeat(generator.normal(size=(200, 4)), 2, axis=0)
    labels = np.repeat(generator.choice(["a", "b"], size=200), 2).astype(object)
    split = np.full(400, "train", dtype=object)
    alone = run(x, labels, split, neighbours=[1])["leave_one_out"]
    grouped = run(x, labels, split, np.arange(400) // 2, neighbours=[1])["leave_one_out"]
    assert (alone.predicted == alone.true).all()
    assert abs((grouped.predicted == grouped.true).mean() - 0.5) < 0.12


def test_no_labels_or_one_class_give_nothing():
    x, _ = blobs(20, 2)
    assert run(x, np.full(20, None, dtype=object), splits(20, 2)) == {}
    assert run(x, np.full(20, "a", dtype=object), splits(20, 2)) == {}
    assert len(confusion_tables([])) == 0


def test_more_neighbours_than_objects_are_all_asked():
    x, labels = blobs(6, 2)
    split = np.array(["train"] * 4 + ["test"] * 2, dtype=object)
    made = run(x, labels, split, neighbours=[50])["test"]
    assert made.n_neighbours == 4
    assert (made.predicted == made.true).all()


def test_a_tie_goes_to_the_nearest_voter():
    voters = Voters(np.zeros((1, 1)), np.zeros(1, int), np.zeros(1), 3)
    votes = np.array([[2, 1, 1, 2], [1, 2, 2, 1], [0, 1, 1, 2], [2, -1, -1, -1]])
    assert voters.elect(votes).tolist() == [2, 1, 1, 2]


def test_scores_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    true, predicted = generator.integers(4, size=(2, 80))
    true[true == 3] = 0
    matrix = confusion_matrix(true, predicted, np.arange(4))
    assert SCORES["accuracy"](matrix) == pytest.approx((true == predicted).mean())
    assert SCORES["macro_f1"](matrix) == pytest.approx(f1_score(true, predicted, average="macro"))
    with pytest.warns(UserWarning, match="y_pred contains classes"):
        expected = balanced_accuracy_score(true, predicted)
    assert balanced_accuracy(matrix) == pytest.approx(expected)


def test_the_confusion_table_holds_every_object_once():
    x, labels = blobs(150, 3, apart=2)
    made = run(x, labels, splits(150, 3))
    table = confusion_tables(list(made.values()))
    assert list(table) == ["split", "true", "predicted", "n"]
    for split, predictions in made.items():
        part = table[table["split"] == split]
        assert part["n"].sum() == len(predictions.true)
        right = part.loc[part["true"] == part["predicted"], "n"].sum()
        assert right == (predictions.true == predictions.predicted).sum()


def test_the_bootstrap_has_the_spread_of_a_binomial():
    true = np.zeros(200, dtype=int)
    predicted = (np.arange(200) % 4 == 0).astype(int)
    matrices = group_matrices(true, predicted, np.arange(200), np.arange(2))
    draws = SCORES["accuracy"](bootstrap_matrices(matrices, 4000, np.random.default_rng(0)))
    # The standard deviation of 4,000 draws is known to 1.1 %: five times that.
    assert draws.std() == pytest.approx(np.sqrt(0.75 * 0.25 / 200), rel=0.06)
    assert draws.mean() == pytest.approx(0.75, abs=0.003)
    # In 20 groups of ten alike objects there are only 20 independent ones.
    clustered = np.sort(predicted)
    matrices = group_matrices(true, clustered, np.arange(200) // 10, np.arange(2))
    wide = SCORES["accuracy"](bootstrap_matrices(matrices, 4000, np.random.default_rng(0)))
    assert wide.std() == pytest.approx(np.sqrt(0.75 * 0.25 / 20), rel=0.06)


def test_intervals_hold_the_value_and_are_missing_for_few_objects():
    x, labels = blobs(300, 3, apart=1.5)
    scores = scores_of(run(x, labels, splits(300, 3))["test"], 300)
    row = scores["knn_balanced_accuracy"]
    assert 0 < row["low"] < row["value"] < row["high"] < 1
    few = scores_of(run(x[:45], labels[:45], splits(45, 3))["test"], 45)["knn_accuracy"]
    assert few["n"] == 9
    assert np.isnan(few["low"]) and np.isnan(few["high"])


def test_equal_seeds_give_equal_scores():
    x, labels = blobs(150, 3, apart=2)
    made = run(x, labels, splits(150, 3))["test"]
    np.testing.assert_equal(scores_of(made, 150), scores_of(made, 150))
    first = classification_scores(made, np.arange(150), 100, 1)
    second = classification_scores(made, np.arange(150), 100, 2)
    assert [row["value"] for row in first] == [row["value"] for row in second]
    assert [row["low"] for row in first] != [row["low"] for row in second]
