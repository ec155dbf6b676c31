"""Laws of cross-validation: chance, certainty, groups kept whole, nothing learned from answers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score

from morphoflow.analysis import classifiers
from morphoflow.analysis.classifiers import CLASSIFIERS, Known, logistic_shares
from morphoflow.analysis.cross_validation import (
    Labelled,
    choose_within,
    out_of_fold,
    predict_labels,
    rare_classes,
)
from morphoflow.analysis.folds import folds
from morphoflow.analysis.prediction_scores import prediction_scores
from morphoflow.figures.cross_validation import plot_cross_validation
from morphoflow.figures.save import save_figure
from synthetic_embeddings import blobs, rotation, splits

LEARNED = ("knn", "logistic", "forest")


@pytest.fixture(autouse=True)
def small_forests(monkeypatch):
    monkeypatch.setattr(classifiers, "TREES", 20)
    monkeypatch.setattr(classifiers, "TREES_TO_CHOOSE", 3)


def predict(x, labels, split=None, groups=None, features=None, **settings):
    split = splits(len(x), 3) if split is None else split
    groups = np.arange(len(x)) if groups is None else groups
    usual = {"n_folds": 5, "repeats": 1, "most_objects": 10_000, "labels_used": False, "seed": 0}
    features = np.zeros((len(x), 1)) if features is None else features
    return predict_labels(x, features, labels, split, groups, **{**usual, **settings})


def scores_of(table, n, labels_used=False):
    rows = prediction_scores(table, np.arange(n), 200, labels_used, 0)
    return {(row["split"], row["score"]): row for row in rows}


def labelled(x, codes, groups=None):
    groups = np.arange(len(x)) if groups is None else groups
    return Labelled(x.astype(np.float64), codes, groups, np.array(sorted(set(codes.tolist()))))


def test_blobs_far_apart_are_told_apart_and_the_majority_is_not():
    x, labels = blobs(90, 3)
    scores = scores_of(predict(x, labels), 90)
    for split, n in (("cross_validation", 90), ("fixed_split", 18)):
        for name in LEARNED:
            row = scores[split, f"{name}_balanced_accuracy"]
            assert (row["value"], row["n"]) == (1, n)
        assert scores[split, "majority_balanced_accuracy"]["value"] == pytest.approx(1 / 3)


def test_the_area_under_the_curve_is_1_for_blobs_far_apart_and_half_for_noise():
    x, labels = blobs(90, 3)
    assert scores_of(predict(x, labels, repeats=2), 90)["cross_validation", "logistic_auc"][
        "value"
    ] == pytest.approx(1)
    x, _ = blobs(600, 3, d=4)
    noise = np.random.default_rng(0).permutation(np.arange(600) % 3).astype(str)
    table = predict(x, noise, splits(600, 3))
    assert abs(table.attrs["areas"]["logistic"][0] - 0.5) < 0.08


def test_features_are_joined_with_an_embedding_that_lacks_what_they_tell():
    x, labels = blobs(120, 2, d=2)
    noise = np.random.default_rng(0).normal(size=(120, 3))
    features = np.where(np.arange(240).reshape(120, 2) % 17 == 0, np.nan, 1e-6 * x)
    scores = scores_of(predict(noise, labels, features=features), 120)
    alone = scores["cross_validation", "logistic_balanced_accuracy"]["value"]
    together = scores["cross_validation", "joined_balanced_accuracy"]["value"]
    assert alone < 0.65 and together > 0.9
    assert scores["cross_validation", "joined_auc"]["value"] > 0.95
    assert ("fixed_split", "joined_balanced_accuracy") not in scores


def test_a_class_that_a_fold_does_not_know_has_no_share():
    known = Known(np.array([[0.0], [1.0]]), np.array([0, 2]), 3)
    shares = logistic_shares(known, np.array([[-9.0], [9.0]]), {"C": 10})
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares[:, 1] == 0).all() and shares[0, 0] > 0.9 and shares[1, 2] > 0.9
    alone = Known(known.x, np.array([2, 2]), 3)
    np.testing.assert_array_equal(logistic_shares(alone, np.zeros((1, 1)), {}), [[0, 0, 1]])


@pytest.mark.parametrize("classifier", LEARNED)
def test_shuffled_labels_are_guessed_at_chance(classifier):
    x, _ = blobs(600, 3, d=4)
    codes = np.random.default_rng(0).permutation(np.arange(600) % 3)
    objects = labelled(x, codes)
    parts = folds(codes, np.arange(600), 5, 0)
    predicted, _ = out_of_fold(CLASSIFIERS[classifier], objects, parts, 0)
    # Four standard errors of a guess among three classes.
    assert abs((predicted == codes).mean() - 1 / 3) < 4 * np.sqrt(2 / 9 / 600)


def test_groups_stay_whole_and_classes_are_spread():
    generator = np.random.default_rng(0)
    groups = generator.integers(30, size=300)
    codes = generator.integers(3, size=30)[groups]
    parts = folds(codes, groups, 5, 0)
    assert set(parts) == set(range(5))
    assert (pd.Series(parts).groupby(groups).nunique() == 1).all()
    alone = folds(np.arange(100) % 4, np.arange(100), 5, 0)
    assert (np.bincount(alone * 4 + np.arange(100) % 4) == 5).all()
    assert (folds(codes, groups, 5, 1) != parts).any()


def test_a_group_does_not_learn_from_its_own_members():
    # Twins share a place and a random label, so only the twin knows it.
    generator = np.random.default_rng(0)
    x = np.repeat(generator.normal(size=(150, 3)), 2, axis=0)
    codes = np.repeat(generator.integers(2, size=150), 2)
    knn = CLASSIFIERS["knn"]
    right = {}
    for name, groups in (("alone", np.arange(300)), ("twins", np.arange(300) // 2)):
        objects = labelled(x, codes, groups)
        predicted, _ = out_of_fold(knn, objects, folds(codes, groups, 5, 0), 0)
        right[name] = (predicted == codes).mean()
    assert right["alone"] > 0.8
    assert abs(right["twins"] - 0.5) < 0.12


@pytest.mark.parametrize("classifier", LEARNED)
def test_the_labels_of_a_fold_do_not_change_what_is_predicted_in_it(classifier):
    x, _ = blobs(90, 3, apart=2)
    codes = np.arange(90) % 3
    parts = folds(codes, np.arange(90), 3, 0)
    first, chosen = out_of_fold(CLASSIFIERS[classifier], labelled(x, codes), parts, 0)
    other = np.where(parts == 1, (codes + 1) % 3, codes)
    second, again = out_of_fold(CLASSIFIERS[classifier], labelled(x, other), parts, 0)
    assert (first[parts == 1] == second[parts == 1]).all()
    assert chosen[1] == again[1]


def test_test_objects_neither_teach_nor_choose_in_the_fixed_split():
    x, labels = blobs(90, 3, apart=2)
    split = splits(90, 3)
    relabelled = labels.copy()
    relabelled[split == "test"] = np.roll(labels[split == "test"], 1)
    tables = [predict(x, names, split, labels_used=True) for names in (labels, relabelled)]
    columns = ["classifier", "row", "predicted", "setting"]
    pd.testing.assert_frame_equal(tables[0][columns], tables[1][columns])
    assert set(tables[0]["row"]) == set(np.flatnonzero(split == "test"))


def test_an_embedding_learned_with_labels_is_not_cross_validated():
    x, labels = blobs(60, 3)
    table = predict(x, labels, labels_used=True)
    assert set(table["split"]) == {"fixed_split"}
    assert {split for split, _ in scores_of(table, 60, labels_used=True)} == {"fixed_split"}


def test_a_setting_is_chosen_by_what_it_does_for_other_objects():
    # One axis tells the classes apart; a hundred times larger noise hides it unless axes are equal.
    generator = np.random.default_rng(0)
    codes = np.arange(200) % 2
    x = np.stack([codes * 4 + generator.normal(size=200), generator.normal(size=200) * 400], axis=1)
    assert choose_within(CLASSIFIERS["knn"], labelled(x, codes), 0)["per_axis"] is True
    # One class beside each other in pairs: leaves of five objects must mix them.
    line = np.sort(generator.uniform(size=160)) * 1000
    pairs = np.arange(160) // 8 % 2
    chosen = choose_within(CLASSIFIERS["forest"], labelled(line[:, None], pairs), 0)
    assert chosen == {"leaf": 1}


@pytest.mark.parametrize("classifier", ["knn", "logistic"])
def test_place_and_scale_of_the_embedding_do_not_matter(classifier):
    x, _ = blobs(90, 3, apart=2)
    codes = np.arange(90) % 3
    parts = folds(codes, np.arange(90), 3, 0)
    # Powers of two, so that rounding plays no part.
    moved = x.astype(np.float64) * 1024
    first, _ = out_of_fold(CLASSIFIERS[classifier], labelled(x, codes), parts, 0)
    second, _ = out_of_fold(CLASSIFIERS[classifier], labelled(moved, codes), parts, 0)
    assert (first == second).all()


def test_turning_the_embedding_does_not_matter_to_neighbours():
    x, _ = blobs(90, 3, apart=2)
    known = Known(x.astype(np.float64)[:60], np.arange(60) % 3, 3)
    turned = Known(known.x @ rotation(8), known.codes, 3)
    settings = [setting for setting in CLASSIFIERS["knn"].settings if not setting["per_axis"]]
    query = x.astype(np.float64)[60:]
    first = CLASSIFIERS["knn"](known, query, settings, 0)
    assert (first == CLASSIFIERS["knn"](turned, query @ rotation(8), settings, 0)).all()


@pytest.mark.parametrize("classifier", [*LEARNED, "majority"])
def test_one_known_class_is_always_predicted(classifier):
    known = Known(np.random.default_rng(0).normal(size=(5, 2)), np.full(5, 2), 4)
    predicted = CLASSIFIERS[classifier](known, np.zeros((3, 2)), [{}, {}], 0)
    assert predicted.tolist() == [[2, 2, 2], [2, 2, 2]]


def test_a_constant_axis_carries_nothing():
    x, _ = blobs(60, 3, apart=3)
    known, query = x.astype(np.float64)[:45], x.astype(np.float64)[45:]
    codes = np.arange(45) % 3
    for name in ("knn", "logistic"):
        settings = list(CLASSIFIERS[name].settings)
        with_axis = [
            np.column_stack([part, np.full(len(part), 1e6 / 3)]) for part in (known, query)
        ]
        first = CLASSIFIERS[name](Known(known, codes, 3), query, settings, 0)
        second = CLASSIFIERS[name](Known(with_axis[0], codes, 3), with_axis[1], settings, 0)
        assert (first == second).all()


def test_rare_classes_are_left_out_and_too_few_give_missing_scores():
    x, labels = blobs(63, 3)
    labels[60:] = ["alone", "twin", "twin"]
    groups = np.concatenate([np.arange(60), [60, 61, 61]])
    assert rare_classes(labels, groups) == ["alone", "twin"]
    table = predict(x, labels, groups=groups)
    validated = table[table["split"] == "cross_validation"]
    assert set(validated["row"]) == set(range(60))
    for names in (np.full(63, "a", dtype=object), np.full(63, None, dtype=object)):
        scores = scores_of(predict(x, names), 63)
        assert len(scores) == (4 + 5) * 3 + 2  # and the areas under the curve
        assert all(np.isnan(row["value"]) and row["n"] == 0 for row in scores.values())
    four = predict(x[:6], labels[:6], split=splits(6, 3))
    assert len(four[four["split"] == "cross_validation"]) == 6 * 5


def test_scores_agree_with_scikit_learn_and_spread_over_repeats():
    x, labels = blobs(150, 3, apart=1.5)
    table = predict(x, labels, repeats=2)
    scores = scores_of(table, 150)
    mine = table[(table["split"] == "cross_validation") & (table["classifier"] == "logistic")]
    values = [balanced_accuracy_score(p["true"], p["predicted"]) for _, p in mine.groupby("repeat")]
    row = scores["cross_validation", "logistic_balanced_accuracy"]
    assert row["value"] == pytest.approx(np.mean(values))
    assert row["low"] < row["value"] < row["high"]
    spread = scores["cross_validation", "logistic_balanced_accuracy_sd"]["value"]
    assert spread == pytest.approx(np.std(values, ddof=1))
    assert ("fixed_split", "logistic_balanced_accuracy_sd") not in scores


def test_more_objects_than_asked_for_are_drawn_in_whole_groups():
    x, labels = blobs(120, 3)
    groups = np.arange(120) // 6
    table = predict(x, labels, groups=groups, most_objects=60)
    used = table.loc[table["split"] == "cross_validation", "row"].unique()
    assert len(used) == 60
    assert (np.bincount(groups[used])[np.unique(groups[used])] == 6).all()


def test_equal_seeds_give_equal_predictions():
    x, labels = blobs(30, 3, apart=1)
    pd.testing.assert_frame_equal(predict(x, labels, seed=3), predict(x, labels, seed=3))
    assert not predict(x, labels, seed=3).equals(predict(x, labels, seed=4))


def test_the_figure_is_drawn_with_and_without_scores(tmp_path):
    x, labels = blobs(30, 3, apart=1.5)
    for table, used in ((predict(x, labels, repeats=2), False), (predict(x, labels)[:0], True)):
        scores = pd.DataFrame(prediction_scores(table, np.arange(30), 20, used, 0))
        for name in ("one", "two"):
            figure = plot_cross_validation(scores)
            save_figure(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
        assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
        drawn = len(figure.axes) == 3
        assert drawn == (not table.empty)
