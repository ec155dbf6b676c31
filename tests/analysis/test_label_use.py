"""Random labels stay at chance, however a model came to see them: no score is of a label it saw."""

import anndata
import numpy as np
import pandas as pd
import pytest

from morphoflow.analysis import tables
from morphoflow.analysis.combination import combine
from morphoflow.analysis.differences import cluster_values, compare_groups
from morphoflow.analysis.observed import mark_controls
from morphoflow.cells.shapes.normalise import normalised
from morphoflow.embedding import (
    LABEL_SEEN,
    labels_used,
    make_embedding,
    read_embedding,
    write_embedding,
)
from morphoflow.errors import InputError

N = 240
SETTINGS = {
    "clusters": {
        "methods": ["kmeans"],
        "recommended": "stable",
        "n_clusters": 2,
        "max_clusters": 2,
    },
    "classification": {"neighbours": [5, 1], "bootstraps": 50},
    "cross_validation": {"folds": 3, "repeats": 1, "most_objects": 1000, "bootstraps": 50},
    "retrieval": {
        "metric": "euclidean",
        "exclude_group": True,
        "permutations": 200,
        "false_discovery_rate": 0.05,
        "bootstraps": 50,
    },
}


def objects(split_seed: int = 0) -> pd.DataFrame:
    """Objects whose labels are dealt at random and say nothing."""
    ids = [f"o{i}" for i in range(N)]
    labels = np.random.default_rng(1).permutation(["a", "b"] * (N // 2))
    turns = np.random.default_rng(split_seed).permutation(np.arange(N) % 4)
    split = np.array(["train", "train", "validation", "test"])[turns]
    return pd.DataFrame({"id": ids, "source": "s", "label": labels, "group": ids, "split": split})


def trained(start, settings, rows=None):
    """What a training keeps, which has learned by heart all labels that it may have seen."""
    model = pytest.importorskip("morphoflow.model")
    from morphoflow.training.start import labels_seen

    rows = objects() if rows is None else rows
    seen = labels_seen(rows, {"epochs": 5, **settings}, start)
    return model.Model("m", "m.py", settings, {}, {}, {}, seen)


def by_heart(model, rows=None, seed=0, written=None) -> anndata.AnnData:
    """An embedding in which each object lies where its label puts it, if that was seen."""
    rows = objects() if rows is None else rows
    x = np.random.default_rng(seed).normal(size=(N, 4))
    known = rows["id"].isin(model.labels_seen).to_numpy()
    x[known, 0] += 20 * np.where(rows["label"] == "a", 1, -1)[known]
    made = make_embedding(
        x, rows.assign(**{LABEL_SEEN: known}), {}, labels_used=bool(model.labels_seen)
    )
    if written is None:
        return made
    write_embedding(written, made)
    return read_embedding(written)


PARTS = ("classification", "cross_validation", "retrieval")


def scores(data: anndata.AnnData, parts=PARTS) -> dict[tuple[str, str], float]:
    """All scores that are of labels, by split and name."""
    found = tables.clusters(data, SETTINGS["clusters"], 0)[-1]
    features = np.random.default_rng(3).normal(size=(data.n_obs, 2))
    for part in parts:
        beside = (features,) if part == "cross_validation" else ()
        found += getattr(tables, part)(data, *beside, SETTINGS[part], 0)[-1]
    return {(row["split"], row["score"]): row["value"] for row in found}


def at_chance(found: dict[tuple[str, str], float]) -> bool:
    """Whether no score is better than labels without meaning can give (four standard errors)."""
    judged = {name: value for (split, name), value in found.items() if split != "validation"}
    accuracy = [value for name, value in judged.items() if name.endswith("_accuracy")]
    return bool(
        np.nanmax(accuracy) < 0.5 + 4 * 0.5 / np.sqrt(N / 4)
        and max(value for name, value in judged.items() if name.endswith("_ari")) < 0.15
        and found["test", "retrieval_map"] < found["test", "retrieval_chance"] + 0.1
        and found["test", "retrieval_significant"] < 0.1
    )


SUPERVISED = {"label_fraction": 1}
FROZEN = {"label_fraction": 0, "epochs": 0}
PATHS = {
    "supervised": lambda: [SUPERVISED],
    "some labels": lambda: [{"label_fraction": 0.05}],
    "frozen copy": lambda: [SUPERVISED, FROZEN],
    "fine-tuned without labels": lambda: [SUPERVISED, {"label_fraction": 0}],
    "a copy of a copy": lambda: [SUPERVISED, FROZEN, FROZEN],
    "a setting that models of images lack": lambda: [SUPERVISED, {"epochs": 0}],
}


@pytest.mark.parametrize("path", PATHS)
def test_random_labels_stay_at_chance_along_every_path(path, tmp_path):
    model = None
    for settings in PATHS[path]():
        model = trained([model] if model else [], settings)
    data = by_heart(model, written=tmp_path / "e.h5ad")
    assert labels_used(data)
    found = scores(data)
    assert at_chance(found)
    assert {split for split, _ in found} <= {"test", "validation", "fixed_split", "all"}
    unlabelled = ("stability", "silhouette", "clusters", "noise_fraction")
    assert all(name.endswith(unlabelled) for split, name in found if split == "all")


def test_the_same_embedding_is_far_from_chance_if_nobody_says_that_labels_were_seen():
    model = trained([], SUPERVISED)
    data = by_heart(model)
    data.uns["labels_used"], data.obs[LABEL_SEEN] = False, False
    assert not at_chance(scores(data, ("classification", "retrieval")))


def test_unsupervised_models_are_scored_on_all_objects():
    for settings in ({"label_fraction": 0}, {}, {"label_fraction": 1, "epochs": 0}):
        data = by_heart(trained([], settings))
        assert not labels_used(data) and not data.obs[LABEL_SEEN].any()
    assert len(tables.retrieval(data, SETTINGS["retrieval"], 0)[0]) == N


def test_objects_of_another_split_that_an_ancestor_learned_from_are_no_test_objects():
    ancestor = trained([], SUPERVISED, objects(split_seed=5))
    rows = objects(split_seed=6)
    model = trained([ancestor], FROZEN, rows)
    data = by_heart(model, rows)
    seen = data.obs[LABEL_SEEN].to_numpy()
    assert seen[(rows["split"] == "test").to_numpy()].any()
    found, table = scores(data), tables.retrieval(data, SETTINGS["retrieval"], 0)[0]
    assert not set(table["id"]) & set(data.obs_names[seen])
    accuracy = [found["fixed_split", f"{name}_accuracy"] for name in ("knn", "logistic")]
    # A quarter of the quarter is left, 15 objects.
    assert max(accuracy) < 0.5 + 4 * 0.5 / np.sqrt(15)


def test_a_combination_has_seen_what_any_of_its_models_saw():
    sets = [by_heart(trained([], {})), by_heart(trained([], SUPERVISED), seed=3)]
    x, rows = combine(sets, [1, 1])
    data = make_embedding(x, rows, {}, labels_used=any(map(labels_used, sets)))
    np.testing.assert_array_equal(data.obs[LABEL_SEEN], sets[1].obs[LABEL_SEEN])
    assert at_chance(scores(data))


def test_the_labels_that_were_seen_stay_with_the_saved_model(tmp_path):
    model = pytest.importorskip("morphoflow.model")
    model.write_model(tmp_path / "model.pt", trained([], SUPERVISED))
    seen = set(model.read_model(tmp_path / "model.pt").labels_seen)
    rows = objects()
    assert seen == set(rows.loc[rows["split"] != "test", "id"])


def test_an_embedding_that_does_not_say_is_not_scored():
    data = by_heart(trained([], {}))
    del data.uns["labels_used"]
    with pytest.raises(InputError, match="does not say whether its model saw labels"):
        tables.classification(data, SETTINGS["classification"], 0)


COMPARED = {"column": "label", "unit": "group", "within": None, "reference": None}


def test_groups_that_labels_name_do_not_differ_in_clusters_that_saw_these_labels():
    data = by_heart(trained([], SUPERVISED))
    clusters = np.where(np.asarray(data.X)[:, 0] > 0, "0", "1")
    seen, rows = data.obs[LABEL_SEEN].to_numpy(dtype=bool), objects()
    found, blind = (
        compare_groups(
            [cluster_values(clusters, "m", "v", kept)],
            rows,
            **COMPARED,
            permutations=500,
            bootstraps=50,
        )
        for kept in (seen, np.zeros(N, dtype=bool))
    )
    assert (blind["p_value"] < 0.01).all() and (found["p_value"] > 0.01).all()
    assert (found["n"] + found["n_of_reference"] == (rows["split"] == "test").sum()).all()
    every = cluster_values(clusters, "m", "v", np.ones(N, dtype=bool))
    plain = cluster_values(clusters, "n", "v", np.zeros(N, dtype=bool))
    settings = {**COMPARED, "permutations": 50, "bootstraps": 50}
    assert set(compare_groups([every, plain], rows, **settings)["model"]) == {"n"}


def normalised_by_controls(seed: int) -> tuple[pd.DataFrame, anndata.AnnData, dict]:
    """Noise, on plates of which some objects, drawn at random, are called controls."""
    rng, rows = np.random.default_rng(seed), objects()
    rows["label"] = rng.choice(["DMSO", "a", "b"], size=N, p=[0.2, 0.4, 0.4])
    rows["plate"] = np.arange(N) * 8 // N
    controls = {"column": "label", "values": ["DMSO"]}
    settings = {"normalise": "plate", "plate_column": "plate", "controls": controls}
    names = [f"f{k}" for k in range(20)]
    x, _ = normalised(rng.normal(size=(N, 20)), names, rows, {**settings, "sphere": False})
    return make_embedding(x, rows, {}), controls


def test_who_is_a_control_is_told_by_no_score_where_features_were_normalised_by_controls():
    data, controls = normalised_by_controls(0)
    # One would find them: their features lie nearer to the middle than those of others.
    told = scores(data, ("classification", "retrieval"))
    assert told["test", "retrieval_significant"] > 0.1
    mark_controls(data, controls)
    found = scores(data)
    accuracy = [v for (_, name), v in found.items() if name.endswith("_balanced_accuracy")]
    assert np.nanmax(accuracy) < 0.5 + 4 * 0.5 / np.sqrt(N / 5)
    assert found["test", "retrieval_significant"] < 0.1
    table = tables.retrieval(data, SETTINGS["retrieval"], 0)[0]
    assert "DMSO" not in set(data.obs.loc[table["id"], "label"])


def test_controls_are_no_class_of_their_own_when_they_are_all_that_labels_tell():
    data, controls = normalised_by_controls(1)
    data.obs["label"] = np.where(data.obs["label"] == "DMSO", "DMSO", "drug")
    mark_controls(data, controls)
    assert tables.classification(data, SETTINGS["classification"], 0)[0].empty


def test_learned_weights_of_parts_and_features_stay_at_chance():
    sets = [by_heart(trained([], {}), seed=seed) for seed in (4, 5)]
    x, rows = combine(sets, [1, 1])
    data = make_embedding(x, rows, {}, parts=["a"] * 4 + ["b"] * 4)
    found = scores(data, ("cross_validation",))
    assert {"fused_balanced_accuracy", "joined_balanced_accuracy"} <= {name for _, name in found}
    accuracy = [v for (_, name), v in found.items() if name.endswith("_balanced_accuracy")]
    assert max(accuracy) < 0.5 + 4 * 0.5 / np.sqrt(N / 4)


def test_further_labels_of_a_model_that_saw_the_first_are_judged_on_what_it_did_not_see():
    rows = objects()
    rows["label_by_expert"] = rows["label"]
    data = by_heart(trained([], SUPERVISED), rows)
    found = scores(data)
    further = {key: v for key, v in found.items() if key[1].startswith("label_by_expert_")}
    accuracy = [v for (_, name), v in further.items() if name.endswith("_accuracy")]
    assert accuracy and {split for split, _ in further} == {"fixed_split"}
    assert max(accuracy) < 0.5 + 4 * 0.5 / np.sqrt(N / 4)
