"""Figures of tables: clusters, confusion, quality, histories, scores; commands and captions."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from drawn_tables import (
    CONFUSION,
    LABELS,
    a_history,
    a_map,
    some_quality,
    some_scores,
    texts,
)
from morphoflow.colors import UNKNOWN
from morphoflow.errors import InputError
from morphoflow.figures.clusters import agreement_of, label_counts, plot_clusters
from morphoflow.figures.confusion import confusion_counts, plot_confusion
from morphoflow.figures.heatmap import row_shares
from morphoflow.figures.history import metrics_of, plot_history
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.quality import (
    finding_counts,
    object_counts,
    plot_quality,
    verdict_counts,
)
from morphoflow.figures.save import save_figure
from morphoflow.figures.scores import panels_of, plot_scores
from morphoflow.rows import rows_in_order
from morphoflow.tables import write_table
from places import SCRIPTS


def test_a_heat_map_adds_up_to_the_labels_and_its_colours_to_one():
    labels = ["b", "a", "a", None, "a"]
    counts, rows, columns = label_counts(labels, np.array([0, 1, -1, 1, 1]))
    assert rows == ["a", "b", UNKNOWN] and columns == ["0", "1", "noise"]
    np.testing.assert_array_equal(counts, [[0, 2, 1], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(row_shares(counts).sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(row_shares(np.zeros((1, 2))), [[0, 0]])


def test_cluster_panels_state_clusters_and_agreement():
    scores = pd.DataFrame(
        {
            "score": ["kmeans_ari", "kmeans_ari_with_noise", "dbscan_ari"],
            "value": [0.5, 0.1, np.nan],
        }
    )
    agreement = agreement_of(scores)
    assert agreement["kmeans"] == 0.5 and set(agreement) == {"kmeans", "dbscan"}
    clusters = pd.DataFrame({"kmeans": [0, 1, 1], "dbscan": [-1, -1, 0]})
    found = texts(plot_clusters(LABELS, clusters, agreement))
    assert "2 clusters, ARI 0.50" in found and "1 cluster" in found and "nan" not in found


def test_confusion_counts_are_the_table_and_balanced_accuracy_is_their_mean_recall():
    counts = confusion_counts(CONFUSION, "test", ["a", "b", "c"])
    np.testing.assert_array_equal(counts, [[3, 1, 0], [0, 2, 0], [0, 0, 0]])
    # Class c has no test object, so the mean is over a (3 of 4) and b (2 of 2).
    assert "test (n = 6)\nbalanced accuracy 0.88" in texts(plot_confusion(CONFUSION))


def test_quality_counts_a_finding_once_for_a_file_or_for_each_object_in_it():
    quality = some_quality()
    assert verdict_counts(quality).to_dict() == {"ok": 1, "refused": 1}
    found = finding_counts(quality).set_index("code")["found"]
    assert found.to_dict() == {"cycle": 1, "no_soma": 2} and found.index[0] == "cycle"
    clean = quality[quality["code"] == "verdict"]
    assert "nothing was found" in texts(plot_quality(clean))
    one = pd.DataFrame(
        [("", "ok", "info", "verdict"), *[(k, "ok", "repaired", "dim") for k in "aab"]],
        columns=["id", "verdict", "severity", "code"],
    ).assign(file="cells.h5", n_objects_read=[9, *[pd.NA] * 3], n_objects=[7, *[pd.NA] * 3])
    assert finding_counts(one)["found"].tolist() == [2]
    assert object_counts(one).to_dict() == {"kept": 7, "left out": 2}
    assert "objects in 1 file" in texts(plot_quality(one)).split("\n")


def test_the_history_marks_the_last_best_epoch():
    history = a_history(5)
    assert metrics_of(history) == ["loss", "kl", "learning_rate_main"]
    figure = plot_history(history)
    assert "best epoch (4)" in texts(figure) and len(figure.axes) == 3


def test_no_epochs_and_one_epoch_are_drawn():
    assert "not trained" in texts(plot_history(a_history(0)))
    assert "best epoch (1)" in texts(plot_history(a_history(1)))


def test_scores_lead_with_cross_validation_and_one_clustering_best_first():
    scores = some_scores()
    assert [(panel.split, panel.score) for panel in panels_of(scores)] == [
        ("cross_validation", "logistic_balanced_accuracy"),
        ("all", "recommended_ari"),
        ("all", "recommended_stability"),
    ]
    figure = plot_scores(scores)
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names == ["density", "MorphVAE"]
    dashed = [curve for curve in figure.axes[0].lines if curve.get_linestyle() == "--"]
    assert dashed[0].get_xdata()[0] == pytest.approx(0.65)
    assert not [curve for curve in figure.axes[1].lines if curve.get_linestyle() == "--"]


def test_missing_scores_and_no_scores_are_drawn(tmp_path):
    scores = some_scores()
    scores.loc[scores["model"] == "density", ["value", "low", "high"]] = np.nan
    figure = plot_scores(scores)
    save_figure(figure, tmp_path / "a.svg", tmp_path / "a.png")
    assert "no scores" in texts(plot_scores(scores.iloc[:0]))
    assert "no scores" in texts(plot_scores(scores.assign(value=np.nan)))
    assert "fewer than two classes" in texts(plot_confusion(CONFUSION.iloc[:0]))


def test_maps_of_many_labels_and_of_too_few_objects_are_drawn(tmp_path):
    figure = plot_maps(*a_map(60, 14))
    save_figure(figure, tmp_path / "a.svg", tmp_path / "a.png")
    assert "type13 (" in texts(figure) and "unknown (1)" in texts(figure)
    maps, *rest = a_map()
    maps[["umap_1", "umap_2"]] = np.nan
    assert texts(plot_maps(maps, *rest)).count("too few objects") == 2


def test_large_figures_stay_small_files(tmp_path):
    save_figure(plot_maps(*a_map(1500, 3)), tmp_path / "a.svg", tmp_path / "a.png")
    assert (tmp_path / "a.svg").stat().st_size < 2_000_000


def test_rows_come_in_the_order_of_the_embedding_and_a_missing_one_is_named(tmp_path):
    path = tmp_path / "clusters.parquet"
    write_table(path, pd.DataFrame({"id": ["a", "b"], "kmeans": [0, 1]}), {})
    assert list(rows_in_order(path, pd.Index(["b", "a"]))["kmeans"]) == [1, 0]
    with pytest.raises(InputError, match=r"no row for 'c'.*remake"):
        rows_in_order(path, pd.Index(["a", "c"]))


def test_the_command_writes_both_files_from_any_folder(tmp_path):
    write_table(tmp_path / "history.parquet", a_history(3), {})
    command = [sys.executable, SCRIPTS / "draw_run.py", "--figures", "history", "--run", "."]
    command += ["--dataset", ".", "--pictures", "--settings", "{}", "--folder", "f"]
    subprocess.run(command, check=True, cwd=tmp_path)
    made = {"history.png", "history.svg", "files.json"}
    assert {path.name for path in (tmp_path / "f").iterdir()} == made
