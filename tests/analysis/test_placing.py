"""New objects are placed where old ones like them are, and sets hold the class as promised."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis.placing import Known, classify_new, place
from synthetic_embeddings import blobs, splits

N = 120


def known(apart: float = 12.0, n: int = N) -> Known:
    x, labels = blobs(n, 3, apart=apart)
    ids = np.array([f"o{i}" for i in range(n)], dtype=object)
    maps = pd.DataFrame({"umap_1": x[:, 0], "umap_2": x[:, 1]})
    return Known(ids, x, labels, splits(n, 3), ids, np.arange(n) % 3, maps)


def test_objects_of_the_same_kind_get_their_cluster_class_and_place():
    old = known()
    x, labels = blobs(30, 3, seed=0)
    x += np.random.default_rng(1).normal(scale=0.1, size=x.shape)
    placed = place(old, np.array([f"n{i}" for i in range(30)]), x)
    assert placed["cluster"].tolist() == (np.arange(30) % 3).tolist()
    assert (placed["cluster_share"] == 1).all() and not placed["in_training"].any()
    assert np.abs(placed["umap_1"] - x[:, 0]).max() < 4
    table, coverage, n = classify_new(old, x)
    assert table["predicted"].tolist() == labels.tolist() and n == 24
    columns = [f"probability_class{k}" for k in range(3)]
    np.testing.assert_allclose(table[columns].sum(axis=1), 1)
    assert coverage > 0.8


def test_what_lies_beyond_all_training_objects_is_at_100_and_theirs_are_spread_evenly():
    old = known()
    far = place(old, np.array(["far"]), np.full((1, 8), 100.0))
    assert far["training_percentile"].tolist() == [100]
    generator = np.random.default_rng(2)
    like = old.x[generator.integers(N, size=400)]
    centres = np.stack([old.x[k::3].mean(axis=0) for k in range(3)])
    like = centres[np.arange(400) % 3] + generator.normal(size=like.shape)
    spread = place(old, np.arange(400).astype(str), like)["training_percentile"]
    assert 30 < spread.median() < 75


def test_objects_of_the_training_split_are_recognised_by_id_and_by_vector():
    old = known()
    train = np.flatnonzero(old.splits == "train")[0]
    test = np.flatnonzero(old.splits == "test")[0]
    ids, x = np.array(["new", "new2", old.ids[train]]), old.x[[train, test, test]]
    assert place(old, ids, x)["in_training"].tolist() == [True, False, True]


def test_sets_miss_the_class_in_a_tenth_of_objects_however_unsure():
    x, labels = blobs(6000, 3, apart=1.5)
    kinds = np.repeat(np.array(["train", "validation"], dtype=object), 2000)
    ids = np.arange(4000).astype(str)
    old = Known(ids, x[:4000], labels[:4000], kinds, ids, np.zeros(4000), pd.DataFrame())
    table, coverage, n = classify_new(old, x[4000:])
    pairs = zip(labels[4000:], table["classes"], strict=True)
    held = [own in said.split(" | ") for own, said in pairs]
    assert np.mean(held) == pytest.approx(0.9, abs=0.025)
    assert np.isnan(coverage) and n == 0


def test_few_validation_objects_list_all_classes_and_one_class_none():
    few = known(n=15)
    table, _, _ = classify_new(few, few.x[:2])
    assert table["classes"].tolist() == ["class0 | class1 | class2"] * 2
    alike = Known(**{**vars(few), "labels": np.full(15, "one", dtype=object)})
    assert classify_new(alike, few.x[:2])[0].shape == (2, 0)
