"""Reconstructions, traversals, and galleries of clusters and unusual cells."""

from dataclasses import replace

import numpy as np
import pytest

from drawn_cells import (
    an_embedding,
    disks,
    images,
    some_crops,
    some_labels,
    some_outliers,
    texts,
    write_shapes,
)
from morphoflow.figures.cluster_gallery import (
    choose_members,
    majority,
    plot_cluster_gallery,
)
from morphoflow.figures.outlier_gallery import plot_outlier_gallery, ranked
from morphoflow.figures.reconstructions import (
    Reconstructions,
    largest_difference,
    plot_reconstructions,
    ranked_by_error,
)
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.integrity import open_store


def test_reconstructions_go_from_best_to_worst(tmp_path):
    error = np.array([3.0, 1.0, 2.0, 9.0, 5.0])
    np.testing.assert_array_equal(ranked_by_error(error, 3), [1, 0, 3])
    group = open_store(write_shapes(tmp_path / "s.zarr", 5))["reconstructions"]
    made = Reconstructions.read(group, 3)
    assert made.ids.tolist() == ["cell004", "cell002", "cell000"]
    np.testing.assert_array_equal(made.error, [1, 3, 5])
    np.testing.assert_array_equal(made.original, disks(5)[[4, 2, 0]])
    np.testing.assert_array_equal(made.angle_deg, [40, 20, 0])
    found = texts(plot_reconstructions(made, ["a"]))
    assert "best\n1" in found and "worst\n5" in found and "20°" in found


def test_a_model_that_turns_nothing_has_no_row_of_turned_ones(tmp_path):
    group = open_store(write_shapes(tmp_path / "s.zarr", 5))["reconstructions"]
    made = Reconstructions.read(group, 5)
    assert "turned onto" in texts(plot_reconstructions(made, ["a"]))
    plain = replace(made, angle_deg=made.angle_deg * 0, flip=made.flip * 0)
    assert "turned onto" not in texts(plot_reconstructions(plain, ["a"]))


def test_no_reconstructions_are_said(tmp_path):
    group = open_store(write_shapes(tmp_path / "s.zarr", 0))["reconstructions"]
    figure = plot_reconstructions(Reconstructions.read(group, 9), ["a"])
    assert "no test objects" in texts(figure)


def test_the_difference_is_that_of_the_channel_that_differs_most():
    original = np.zeros((1, 2, 1, 2))
    other = np.array([[[[0.1, 0.2]], [[-0.5, 0.1]]]])
    np.testing.assert_allclose(largest_difference(original, other), [[[-0.5, 0.2]]])


def test_traversals_name_axes_and_steps_and_need_no_pairs(tmp_path):
    paths = Paths.read(open_store(write_shapes(tmp_path / "s.zarr")))
    found = texts(plot_traversals(paths, ["a"]))
    assert "axis 2\n25.0% of variance" in found and "−2 sd" in found and "typical" in found
    assert "cell002\nto cell003" in found and "100%" in found
    alone = Paths.read(open_store(write_shapes(tmp_path / "t.zarr", pairs=0)))
    assert "between two objects" not in texts(plot_traversals(alone, ["a"]))


def test_members_of_clusters_are_chosen_by_rank_of_distance():
    # On a line about 0, so the distance to the mean is the coordinate's size.
    line = np.array([0.0, -1, 1, -2, 2, -3, 3, -10, 10])
    x = np.column_stack([line, np.zeros(9)])
    clusters = np.array([1] * 9 + [0, -1])
    x = np.concatenate([x, [[50.0, 0], [99, 9]]])
    first, second = choose_members(x, clusters, 3)
    assert (first.number, first.size, second.number, second.size) == (1, 9, 0, 1)
    assert first.rows["closest"].tolist() == [0, 1, 2]
    assert first.rows["uniform"].tolist() == [0, 4, 8]
    # The root mean square distance is 5.03: seven members are within.
    assert first.rows["within_sd"].tolist() == [0, 3, 6]
    assert [rows.tolist() for rows in second.rows.values()] == [[9]] * 3


def test_clusters_of_equal_members_still_show_some():
    (found,) = choose_members(np.ones((4, 2), np.float32) * 0.1, np.zeros(4, int), 2)
    assert [len(rows) for rows in found.rows.values()] == [2, 2, 2]


def test_the_majority_is_among_known_labels():
    assert majority(["a", "b", "b", None]) == ("b", pytest.approx(2 / 3))
    assert majority(["b", "a"]) == ("a", 0.5) and majority([None]) is None


def test_the_cluster_gallery_tells_sizes_noise_and_what_is_hidden():
    n = 60
    clusters = np.concatenate([np.arange(50) % 25, np.full(10, -1)])
    figure = plot_cluster_gallery(
        some_crops(n), an_embedding(n), clusters, ["one"] * n, "gaussian_mixture"
    )
    found = texts(figure)
    assert "5 smaller clusters not shown; 10 objects in no cluster" in found
    assert "Gaussian mixture, 25 clusters" in found and "100% one" in found
    all_noise = plot_cluster_gallery(
        some_crops(4), an_embedding(4), np.full(4, -1), [None] * 4, "hdbscan"
    )
    assert "HDBSCAN found no clusters" in texts(all_noise)


def test_unusual_objects_come_before_typical_ones_by_each_score():
    table = some_outliers(6)
    table.loc[2, "distance"] = np.nan
    assert ranked(table, "distance", 2, unusual=True).tolist() == [5, 4]
    assert ranked(table, "distance", 2, unusual=False).tolist() == [0, 1]
    assert ranked(table, "log_density", 2, unusual=True).tolist() == [0, 1]
    assert ranked(table, "log_density", 9, unusual=False).tolist() == [5, 4, 3, 2, 1, 0]


def test_the_outlier_gallery_names_ids_and_p_and_frames_outliers():
    figure = plot_outlier_gallery(some_crops(), some_outliers(), some_labels())
    found = texts(figure)
    assert "1 of 12 objects are outliers" in found
    assert "cell011\np = 0.15" in found and "cell000\np < 0.001" in found
    furthest = images(figure)[0]
    red = (furthest == [0xC8, 0x10, 0x2E]).all(axis=2)
    side = furthest.shape[0]
    assert red[:, :side].any() and not red[:, side:].any()


def test_few_objects_are_not_unusual_and_typical_at_once():
    figure = plot_outlier_gallery(some_crops(4), some_outliers(4), [None] * 4)
    strips = ["".join(t.get_text() for t in axes.texts) for axes in figure.axes]
    assert len(strips) == 4
    by_distance = [set(strips[i].split("cell")[1:]) for i in (0, 2)]
    assert not {name[:3] for name in by_distance[0]} & {name[:3] for name in by_distance[1]}
    untested = some_outliers(4).assign(distance_p=np.nan, log_density_p=np.nan)
    assert "without p values" in texts(plot_outlier_gallery(some_crops(4), untested, [None] * 4))
    nothing = some_outliers(3).assign(distance=np.nan, log_density=np.nan)
    assert "too few objects" in texts(plot_outlier_gallery(some_crops(3), nothing, [None] * 3))
