"""Objects that an analysis says nothing of: every part leaves a table that says why."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analyse_embedding
from drawn_tables import texts
from morphoflow.analysis import tables
from morphoflow.analysis.scores import COLUMNS, score_table
from morphoflow.embedding import make_embedding, write_embedding
from morphoflow.figures.of_run import RunFiles, figure_of
from morphoflow.figures.save import save_figure
from morphoflow.plan.config import read_config
from morphoflow.store import write_samples
from morphoflow.tables import REASON, REASONS, read_table
from places import CONFIG

PARTS = ("maps", "clusters", "classification", "cross_validation", "retrieval", "outliers")
CONFIGURED = read_config({}, CONFIG / "schemas/config.schema.yaml")
SETTINGS = {part: CONFIGURED[part] for part in PARTS}
for part in ("classification", "cross_validation", "retrieval"):
    SETTINGS[part]["bootstraps"] = 20
SETTINGS["retrieval"]["permutations"] = 50
SETTINGS["cross_validation"]["repeats"] = 1

LABELS = {"none": lambda i: None, "one": lambda i: "a", "two": lambda i: "ab"[i % 2]}
GROUPS = {"one": lambda i: "g", "each": lambda i: f"g{i}"}
RUN = {"dataset": "d", "model": "m", "variant": "v", "seed": 0}


FEW = (1, 2, 3, 6)


def an_embedding(n: int, *, labels: str = "two", groups: str = "each", constant: bool = False):
    """An embedding of ``n`` objects; the third of each three is a test object."""
    x = np.ones((n, 4)) if constant else np.random.default_rng(n).normal(size=(n, 4))
    objects = {
        "id": [f"o{i}" for i in range(n)],
        "source": "s",
        "label": pd.Series([LABELS[labels](i) for i in range(n)], dtype=object),
        "group": [GROUPS[groups](i) for i in range(n)],
        "split": [("train", "train", "test")[i % 3] for i in range(n)],
    }
    return make_embedding(x, pd.DataFrame(objects), {})


def parts_of(data) -> dict[str, tuple]:
    """Tables and, last, scores of every part but maps and clusters, which take long."""
    return {
        "classification": tables.classification(data, SETTINGS["classification"], 0),
        "cross_validation": tables.cross_validation(
            data, np.asarray(data.X)[:, :2], SETTINGS["cross_validation"], 0
        ),
        "retrieval": tables.retrieval(data, SETTINGS["retrieval"], 0),
        "outliers": tables.outliers(data, SETTINGS["outliers"], 0),
    }


@pytest.mark.parametrize(("n", "constant"), list(product(FEW, (False, True))))
def test_no_part_stops_at_few_or_equal_objects(n, constant):
    for labels, groups in product(LABELS, GROUPS):
        data = an_embedding(n, labels=labels, groups=groups, constant=constant)
        for *made, scores in parts_of(data).values():
            assert list(score_table(RUN, scores).columns) == list(COLUMNS)
            for table in made:
                missing = table.empty and REASON not in table.attrs
                assert not missing and len(table.columns)


@pytest.mark.parametrize(("n", "constant"), list(product(FEW, (False, True))))
def test_no_clustering_stops_at_few_or_equal_objects(n, constant):
    found, scores = tables.clusters(an_embedding(n, constant=constant), SETTINGS["clusters"], 0)
    assert len(found) == n and len(score_table(RUN, scores))
    assert set(found.attrs[REASONS]) == (set(found) - {"id"} if n < 3 else set())


@pytest.mark.parametrize("labels", ["none", "one"])
def test_without_two_labels_the_parts_of_labels_say_so(labels):
    made = parts_of(an_embedding(30, labels=labels))
    for part in ("classification", "cross_validation"):
        table, scores = made[part]
        assert table.empty and "label" in table.attrs[REASON]
        assert all(np.isnan(row["value"]) for row in scores)
    assert (REASON in made["retrieval"][0].attrs) == (labels == "none")
    assert REASON not in made["outliers"][0].attrs and len(made["outliers"][0]) == 30


def test_outliers_of_one_group_or_of_equal_objects_are_missing_with_the_reason():
    table, scores = tables.outliers(an_embedding(30, groups="one"), SETTINGS["outliers"], 0)
    assert table.empty and "at least 2 groups, but there are 1" in table.attrs[REASON]
    assert list(table.columns) == list(parts_of(an_embedding(30))["outliers"][0].columns)
    assert [row["score"] for row in scores] == ["outlier_fraction", "outlier_components"]
    assert all(np.isnan(row["value"]) for row in scores)
    table, _ = tables.outliers(an_embedding(30, constant=True), SETTINGS["outliers"], 0)
    assert "the same embedding" in table.attrs[REASON]


def test_fits_that_leave_one_object_are_named_and_not_a_number_is_never_a_density():
    table, _ = tables.outliers(an_embedding(3), SETTINGS["outliers"], 0)
    assert "leaves 1 with one and the same embedding" in table.attrs[REASON]
    table, _ = tables.outliers(an_embedding(6), SETTINGS["outliers"], 0)
    assert np.isfinite(table[["distance", "log_density"]].to_numpy()).all()


def test_maps_of_one_object_and_of_equal_objects_say_why():
    assert "at least 2 objects" in tables.maps(an_embedding(1), SETTINGS["maps"], 0).attrs[REASON]
    equal = tables.maps(an_embedding(9, constant=True), SETTINGS["maps"], 0)
    assert "the same embedding" in equal.attrs[REASON]
    assert REASON not in tables.maps(an_embedding(3), SETTINGS["maps"], 0).attrs


def test_a_method_that_takes_fewer_objects_leaves_the_others(monkeypatch):
    monkeypatch.setattr("morphoflow.analysis.clusters_counted.MOST_FOR_ALL_PAIRS", 10)
    found, scores = tables.clusters(an_embedding(30), SETTINGS["clusters"], 0)
    reasons = found.attrs[REASONS]
    assert set(reasons) == {"affinity_propagation", "agglomerative"}
    assert "at most 10 objects, but there are n = 30" in reasons["agglomerative"]
    assert (found["agglomerative"] == -1).all() and (found["kmeans"] >= 0).all()
    values = {row["score"]: row["value"] for row in scores}
    assert np.isnan(values["agglomerative_clusters"]) and values["kmeans_clusters"] >= 2


def the_run_of(folder: Path, data) -> RunFiles:
    """All tables of an embedding as the job writes them."""
    write_embedding(folder / "embedding.h5ad", data)
    values = np.arange(2.0 * data.n_obs).reshape(-1, 2).astype(np.float32)
    axes, names = ["object", "feature"], ["area_um2", "length_um"]
    ids = list(data.obs_names)
    store = folder / "features.zarr"
    write_samples(store, ids, values, axes=axes, units="", names=names, provenance={})
    analyse_embedding.main(
        embedding=folder / "embedding.h5ad",
        measures=store,
        settings=SETTINGS,
        folder=folder,
        **RUN,
    )
    return RunFiles(folder, folder, None, {})


@pytest.fixture
def entry(monkeypatch):
    """The entry script is what a result's provenance names."""
    monkeypatch.setattr("__main__.__file__", analyse_embedding.__file__, raising=False)


FIGURES = ("maps", "clusters", "profiles", "confusion", "cross_validation", "retrieval", "outliers")


@pytest.mark.parametrize("n", [1, 3])
def test_the_figures_show_the_sentence_of_the_tables(tmp_path, entry, n):
    files = the_run_of(tmp_path, an_embedding(n, labels="none", groups="one"))
    for name in FIGURES:
        figure = figure_of(name, files)
        save_figure(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
    assert "2 groups" in texts(figure_of("outliers", files)).replace("\n", " ")
    assert "fewer than two labels" in texts(figure_of("confusion", files))
    assert read_table(tmp_path / "outlier_scores.parquet").attrs[REASON].startswith("outlier")
    if n == 1:
        assert "3 objects" in texts(figure_of("clusters", files)).replace("\n", " ")
        assert "2 objects" in texts(figure_of("maps", files)).replace("\n", " ")


def test_objects_that_are_not_to_be_clustered_change_no_cluster_and_have_none():
    data = an_embedding(24)
    far = data.X.copy()
    far[::4] += 100
    marked = data.copy()
    marked.X, marked.obs["clustered"] = far, np.arange(24) % 4 > 0
    settings = {**SETTINGS["clusters"], "methods": ["kmeans", "hdbscan"]}
    found, scores = tables.clusters(marked, settings, 0)
    alone, same = tables.clusters(data[marked.obs["clustered"].to_numpy()], settings, 0)
    assert (found.loc[::4, "kmeans"] == -1).all() and found["id"].tolist() == list(data.obs_names)
    kept = found[marked.obs["clustered"].to_numpy()].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, alone, check_dtype=False)
    assert scores == same
