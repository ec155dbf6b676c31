"""Laws of the figures: equal bytes, true scales, counts that add up, and odd inputs drawn."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.figures.clusters import agreement_of, label_counts, plot_clusters
from morphoflow.figures.confusion import confusion_counts, plot_confusion
from morphoflow.figures.heatmap import row_shares
from morphoflow.figures.history import metrics_of, plot_history
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.neurons import plot_neurons
from morphoflow.figures.quality import finding_counts, plot_quality, verdict_counts
from morphoflow.figures.rows import rows_in_order
from morphoflow.figures.save import save_figure
from morphoflow.figures.scale import round_length
from morphoflow.figures.scores import panels_of, plot_scores
from morphoflow.figures.style import LABEL_COLORS, UNKNOWN, label_colors, sorted_labels
from morphoflow.figures.trees import (
    longest_axes,
    spaced_by_length,
    tree_lines,
)
from morphoflow.figures.walks import plot_walks, walk_pieces, walked_neurons
from morphoflow.neurons.forest import Forest, concatenate
from morphoflow.neurons.walks import sample_walks
from morphoflow.tables import write_objects, write_table
from synthetic_neurons import line, small_forest, y_shape

ROOT = Path(__file__).resolve().parent.parent
LABELS = ["olfactory projection", None, "interneuron"]


def texts(figure) -> str:
    """All text of a figure."""
    return "\n".join(found.get_text() for found in figure.findobj(lambda a: hasattr(a, "get_text")))


def a_map(n: int = 3, n_labels: int = 2) -> tuple:
    rng = np.random.default_rng(0)
    names = [f"{map_name}_{axis}" for map_name in ("pca", "tsne", "umap") for axis in (1, 2)]
    labels = [None if i == 1 else f"type{i % n_labels}" for i in range(n)]
    splits = [("train", "validation", "test")[i % 3] for i in range(n)]
    maps = pd.DataFrame(rng.normal(size=(n, 6)), columns=names)
    return maps, labels, splits, np.arange(n) % 4 - 1, "kmeans"


def a_history(epochs: int) -> pd.DataFrame:
    values = np.linspace(1, 0.5, epochs)
    return pd.DataFrame(
        {
            "epoch": np.arange(1, epochs + 1),
            "step": np.arange(epochs),
            "learning_rate_main": 0.01,
            "train_loss": values,
            "train_kl": values,
            "validation_loss": values + 0.1,
            "best": np.arange(epochs) < max(1, epochs - 1),
        }
    )


def some_scores() -> pd.DataFrame:
    rows = [
        ("d", model, "default", seed, split, score, value, value - 0.1, value + 0.1, 9)
        for (model, value), seed, (split, score) in itertools.product(
            [("morphvae", 0.5), ("density", 0.8)],
            range(2),
            [
                ("test", "knn_balanced_accuracy"),
                ("test", "majority_balanced_accuracy"),
                ("validation", "knn_balanced_accuracy"),
                ("all", "kmeans_ari"),
            ],
        )
    ]
    columns = ["dataset", "model", "variant", "seed", "split", "score", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def some_quality() -> pd.DataFrame:
    rows = [
        ("a.swc", "ok", "info", "verdict"),
        ("a.swc", "ok", "info", "no_soma"),
        ("b.swc", "refused", "info", "verdict"),
        ("b.swc", "refused", "refused", "cycle"),
        ("b.swc", "refused", "refused", "cycle"),
        ("b.swc", "refused", "info", "no_soma"),
    ]
    return pd.DataFrame(rows, columns=["file", "verdict", "severity", "code"])


def figure_of_walks(n: int = 3):
    forest = small_forest(n)
    x, length = sample_walks(forest, n_walks=5, n_steps=4, children="uniform", seed=0)
    return plot_walks(forest, LABELS[:n], x, length)


CONFUSION = pd.DataFrame(
    [("test", "a", "a", 3), ("test", "a", "b", 1), ("test", "b", "b", 2), ("other", "c", "a", 1)],
    columns=["split", "true", "predicted", "n"],
)
DRAWN = {
    "neurons": lambda: plot_neurons(small_forest(3), LABELS),
    "walks": figure_of_walks,
    "quality": lambda: plot_quality(some_quality()),
    "maps": lambda: plot_maps(*a_map()),
    "clusters": lambda: plot_clusters(LABELS, pd.DataFrame({"hdbscan": [0, -1, 0]})),
    "confusion": lambda: plot_confusion(CONFUSION),
    "history": lambda: plot_history(a_history(3)),
    "scores": lambda: plot_scores(some_scores()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_equal_data_give_equal_bytes_without_a_date(name, tmp_path):
    for run in ("first", "second"):
        save_figure(DRAWN[name](), tmp_path / f"{run}.svg", tmp_path / f"{run}.png")
    for kind in ("svg", "png"):
        assert (tmp_path / f"first.{kind}").read_bytes() == (
            tmp_path / f"second.{kind}"
        ).read_bytes()
    svg = (tmp_path / "first.svg").read_text()
    assert "dc:date" not in svg and "Matplotlib v" not in svg
    assert b"Software" not in (tmp_path / "first.png").read_bytes()


def test_a_users_own_matplotlib_settings_have_no_effect(tmp_path):
    import matplotlib

    save_figure(plot_history(a_history(3)), tmp_path / "plain.svg", tmp_path / "plain.png")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        save_figure(plot_history(a_history(3)), tmp_path / "own.svg", tmp_path / "own.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "own.png").read_bytes()


def test_a_set_of_labels_has_its_colours_in_any_order():
    labels = [f"type{i}" for i in range(16)]
    forward, backward = label_colors([*labels, None]), label_colors([None, *labels[::-1], "type3"])
    assert forward == backward
    assert len({*forward.values()}) == 17 and forward[UNKNOWN] not in LABEL_COLORS


def test_labels_are_sorted_with_their_numbers_as_numbers_and_unknown_last():
    found = sorted_labels(["type10", np.nan, "type2", "zebra", "5", None, "type2"])
    assert found == ["5", "type2", "type10", "zebra", UNKNOWN]


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(1.0, 1.0), (1.99, 1.0), (2.0, 2.0), (4.99, 2.0), (73.0, 50.0), (0.03, 0.02), (1000, 1000)],
)
def test_scale_bars_have_round_lengths_that_fit(largest, expected):
    assert round_length(largest) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["neurons", "walks"])
def test_a_scale_bar_is_as_long_as_it_says(name):
    figure = DRAWN[name]()
    figure.draw_without_rendering()
    seen = 0
    for axes in figure.axes:
        for bar in axes.findobj(lambda a: a.get_gid() == "scale_bar"):
            stated = [t.get_text() for t in axes.texts if t.get_text().endswith("µm")]
            data = np.column_stack(bar.get_data())
            assert np.ptp(data[:, 0]) == pytest.approx(float(stated[0].split()[0]), rel=1e-9)
            # As many dots an um across as upwards, or the bar would hold for one direction only.
            (x0, y0), (x1, y1) = axes.transData.transform([(0, 0), (1, 1)])
            assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-6)
            seen += 1
    assert seen == 3


def test_drawn_neurons_keep_their_cable_length_in_the_plane():
    forest = concatenate([line(identifier="a"), y_shape(identifier="b")])
    (axes,) = plot_neurons(forest, ["one", "one"]).axes
    drawn = 0.0
    for curve in axes.lines:
        if curve.get_gid() != "scale_bar" and len(curve.get_xdata()) > 1:
            steps = np.diff(np.column_stack(curve.get_data()), axis=0)
            drawn += np.nansum(np.hypot(*steps.T))
    assert drawn == pytest.approx(forest.cable_length.sum(), rel=1e-6)


def test_neurons_in_a_row_do_not_overlap():
    (axes,) = plot_neurons(small_forest(6), ["one"] * 6).axes
    curves = [c for c in axes.lines if c.get_gid() != "scale_bar" and len(c.get_xdata()) > 1]
    ends = sorted((np.nanmin(c.get_xdata()), np.nanmax(c.get_xdata())) for c in curves)
    assert len(ends) == 6
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(ends))


def test_tree_lines_join_each_node_with_its_parent():
    pieces = tree_lines(np.array([[0.0, 0], [1, 0], [1, 1]]), np.array([-1, 0, 0]))
    expected = [[0, 0], [1, 0], [np.nan] * 2, [0, 0], [1, 1], [np.nan] * 2]
    np.testing.assert_array_equal(pieces, expected)


def test_the_two_longest_axes_are_shown_and_x_y_in_a_near_tie():
    assert longest_axes(line(direction=(0.1, 0.5, 1.0))) == (1, 2)
    assert longest_axes(line(direction=(1.0, 1.0, 1.05))) == (0, 1)


def test_examples_span_short_to_long_and_are_all_where_there_are_few():
    forest = concatenate([line(n, identifier=f"n{n}") for n in (9, 2, 5, 7, 3)])
    rows = np.arange(5)
    assert list(forest.ids[spaced_by_length(forest, rows, 3)]) == ["n2", "n5", "n9"]
    assert list(forest.ids[spaced_by_length(forest, rows, 1)]) == ["n5"]
    assert len(spaced_by_length(forest, rows, 9)) == 5


def test_walk_pieces_are_those_within_the_length_with_their_walks_counted():
    x = np.zeros((2, 4, 3))
    x[:, :, 0] = [[0, 1, 2, 0], [0, 1, 3, 4]]
    ends, step, count = walk_pieces(x, np.array([3, 4]))
    assert count.sum() == (3 - 1) + (4 - 1)
    found = {(a[0], b[0]): (s, c) for (a, b), s, c in zip(ends, step, count, strict=True)}
    assert found == {(0, 1): (1, 2), (1, 2): (2, 1), (1, 3): (2, 1), (3, 4): (3, 1)}


def test_one_neuron_a_label_is_walked_and_full_walks_reach_every_node():
    forest = small_forest(6)
    rows = walked_neurons(forest, ["b", "a", "a", "a", None, None])
    assert len(rows) == 3 and rows[1] == 0 and rows[0] in (1, 2, 3) and rows[2] in (4, 5)
    x, length = sample_walks(forest, n_walks=200, n_steps=40, children="tips", seed=0)
    picked = forest.select([0, 1])
    assert "100% of the nodes" in texts(plot_walks(picked, ["a", "b"], x[:2], length[:2]))


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


def test_quality_counts_files_not_findings():
    quality = some_quality()
    assert verdict_counts(quality).to_dict() == {"ok": 1, "refused": 1}
    found = finding_counts(quality).set_index("code")["files"]
    assert found.to_dict() == {"cycle": 1, "no_soma": 2} and found.index[0] == "cycle"
    clean = quality[quality["code"] == "verdict"]
    assert "nothing was found" in texts(plot_quality(clean))


def test_the_history_marks_the_last_best_epoch():
    history = a_history(5)
    assert metrics_of(history) == ["loss", "kl", "learning_rate_main"]
    figure = plot_history(history)
    assert "best epoch (4)" in texts(figure) and len(figure.axes) == 3


def test_no_epochs_and_one_epoch_are_drawn():
    assert "not trained" in texts(plot_history(a_history(0)))
    assert "best epoch (1)" in texts(plot_history(a_history(1)))


def test_scores_show_test_and_clusters_best_first():
    scores = some_scores()
    assert [panel[:2] for panel in panels_of(scores)] == [
        ("test", "knn_balanced_accuracy"),
        ("all", "kmeans_ari"),
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
    assert "fewer than two labels" in texts(plot_scores(scores.iloc[:0]))
    assert "fewer than two labels" in texts(plot_scores(scores.assign(value=np.nan)))
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


def test_the_commands_write_both_files(tmp_path):
    forest: Forest = small_forest(3)
    forest.write(tmp_path / "trees.zarr", provenance={})
    objects = pd.DataFrame({"id": forest.ids, "source": "s", "label": LABELS, "split": "train"})
    write_objects(tmp_path / "objects.parquet", objects.assign(group=None), {})
    command = [sys.executable, ROOT / "scripts/plot_neurons.py"]
    for flag, name in [("trees", "trees.zarr"), ("objects", "objects.parquet")]:
        command += [f"--{flag}", tmp_path / name]
    command += ["--svg", tmp_path / "f/n.svg", "--png", tmp_path / "f/n.png"]
    subprocess.run(command, check=True, cwd=tmp_path)
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["n.png", "n.svg"]


@pytest.mark.parametrize("name", [*DRAWN, "workflow"])
def test_captions_name_only_wildcards_that_their_rules_have(name):
    import jinja2

    wildcards = {"dataset": "d"}
    if name in ("maps", "clusters", "confusion", "history"):
        wildcards |= {"model": "m", "variant": "v", "seed": "0"}
    text = (ROOT / f"rules/report/{name}.rst").read_text()
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text)
    assert template.render(
        **({} if name == "workflow" else {"snakemake": {"wildcards": wildcards}})
    )
