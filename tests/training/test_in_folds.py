"""Retraining in folds: nobody is predicted by a model that saw its label, or one of its group."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis.prediction_scores import split_scores
from morphoflow.training.in_folds import RETRAINED, predict_in_folds

N = 60


def objects(per_group=2):
    label = np.array(["a", "b", "c"], dtype=object)[np.arange(N) // per_group % 3]
    group = [f"g{k // per_group}" for k in range(N)]
    return pd.DataFrame({"id": [f"o{k}" for k in range(N)], "label": label, "group": group})


def accuracy(table):
    groups = objects()["group"].to_numpy(dtype=object)
    rows = split_scores(table, RETRAINED, groups, 20, 0)
    return {row["score"]: row["value"] for row in rows}


def test_each_labelled_object_is_predicted_once_and_was_neither_seen_nor_its_group():
    rows, folds = objects(), {}

    def learn(split, fold):
        folds[fold] = split
        assert split.loc[split["split"] == "test", "label"].isna().all()
        assert split.groupby("group")["split"].nunique().max() == 1
        assert {*split["split"]} == {"train", "validation", "test"}
        return np.random.default_rng(fold).normal(size=(N, 3))

    table = predict_in_folds(rows, learn, 5, 0)
    for _, mine in table.groupby("classifier"):
        assert sorted(mine["row"]) == list(range(N))
    for row in table.itertuples():
        assert folds[row.fold].loc[row.row, "split"] == "test"
        assert rows.loc[row.row, "label"] == row.true
    assert set(table.loc[table["classifier"] == "logistic", "setting"]) == {"C 1"}


def test_what_a_model_learned_by_heart_is_worth_nothing_and_what_is_there_everything():
    rows = objects()
    codes = pd.factorize(rows["label"])[0]

    def by_heart(split, fold):
        shown = split["label"].map({"a": 0, "b": 1, "c": 2})
        noise = np.random.default_rng(fold).integers(3, size=N)
        return np.eye(3)[shown.fillna(pd.Series(noise)).astype(int)]

    heart, truth = (
        accuracy(predict_in_folds(rows, learn, 5, 0))["logistic_balanced_accuracy"]
        for learn in (by_heart, lambda split, fold: np.eye(3)[codes])
    )
    assert truth == 1 and heart < 0.6


@pytest.mark.parametrize("label", [None, "one"])
def test_where_nothing_can_be_told_apart_nothing_is_trained(label):
    def learn(split, fold):
        raise AssertionError

    table = predict_in_folds(objects().assign(label=label), learn, 5, 0)
    assert table.empty and np.isnan(accuracy(table)["logistic_balanced_accuracy"])


def test_a_class_of_one_group_is_not_predicted():
    rows = objects()
    rows.loc[rows["group"] == "g0", "label"] = "rare"
    table = predict_in_folds(rows, lambda split, fold: np.arange(N)[:, None] * 1.0, 3, 0)
    assert "rare" not in set(table["true"]) | set(table["predicted"])
    assert table["row"].nunique() == N - 2
