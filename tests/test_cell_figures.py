"""Laws of the pictures of cells: the right objects at the right places, and equal bytes."""

import importlib
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from matplotlib.colors import to_rgb

from morphoflow.embedding import make_embedding, write_embedding
from morphoflow.errors import InputError
from morphoflow.figures.channels import channel_colors, composite, display_limits
from morphoflow.figures.cluster_gallery import (
    choose_members,
    chosen_method,
    majority,
    plot_cluster_gallery,
)
from morphoflow.figures.crop_rows import Crops, shrink, spaced
from morphoflow.figures.crops import example_rows, plot_crops
from morphoflow.figures.image_map import map_to_draw, plot_image_map, snap_to_grid
from morphoflow.figures.invariance import headline, moved_share, plot_invariance
from morphoflow.figures.keys import LISTED, key_height
from morphoflow.figures.montage import clipped, enlarged, framed, in_rows, montage, shortened
from morphoflow.figures.outlier_gallery import plot_outlier_gallery, ranked
from morphoflow.figures.reconstructions import (
    Reconstructions,
    largest_difference,
    plot_reconstructions,
    ranked_by_error,
)
from morphoflow.figures.save import save_figure
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.figures.uncertainty import corner_rows, plot_uncertainty, uncertainty_of
from morphoflow.store import open_group, text_bytes, write_array, write_samples
from morphoflow.tables import write_objects, write_table

ROOT = Path(__file__).resolve().parent.parent


def texts(figure) -> str:
    """All text of a figure."""
    return "\n".join(found.get_text() for found in figure.findobj(lambda a: hasattr(a, "get_text")))


def images(figure) -> list[np.ndarray]:
    """The images of a figure in the order in which they were drawn."""
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def disks(n: int, c: int = 1, size: int = 16) -> np.ndarray:
    """Crops (n, c, size, size) with a disk each, larger from object to object."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    radius = np.linspace(0.15, 0.45, n)[:, None, None, None] * size
    offset = np.arange(c)[:, None, None]
    return np.clip(radius - np.hypot(y - offset, x), 0, 1).astype(np.float32)


def some_crops(n: int = 12, c: int = 1, pixel: float | None = 0.5) -> Crops:
    names = [f"channel_{i}" for i in range(c)]
    return Crops(disks(n, c), np.array([f"cell{i:03d}" for i in range(n)]), names, pixel)


def some_labels(n: int = 12, kinds: int = 2) -> list:
    return [None if i % 5 == 4 else f"type{i % kinds}" for i in range(n)]


def an_embedding(n: int = 12) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)


def some_outliers(n: int = 12) -> pd.DataFrame:
    distance = np.arange(n) ** 2 / n
    return pd.DataFrame(
        {
            "id": [f"cell{i:03d}" for i in range(n)],
            "distance": distance,
            "distance_p": 1 - np.arange(n) / (n + 1),
            "log_density": -distance[::-1],
            "log_density_p": np.linspace(1e-5, 1, n),
            "outlier": np.arange(n) == n - 1,
        }
    )


def a_map(n: int = 12) -> pd.DataFrame:
    xy = np.random.default_rng(1).normal(size=(n, 2))
    return pd.DataFrame({"umap_1": xy[:, 0], "umap_2": xy[:, 1]})


def an_invariance(n: int = 6, angles=(0, 30, 90, 180, 270), flips=(False, True)) -> pd.DataFrame:
    rows = [
        (f"cell{i}", angle, flip, 0.0 if angle % 90 == 0 else 0.02 * (i + 1), 0.5, angle != 30)
        for i in range(n)
        for angle in angles
        for flip in flips
    ]
    columns = ["id", "angle_deg", "flip", "shift", "nearest", "itself_first"]
    return pd.DataFrame(rows, columns=columns)


def write_shapes(path: Path, n: int = 5, c: int = 1, axes: int = 2, pairs: int = 2) -> Path:
    """A store of shapes in which the errors fall from object to object."""
    x, group = disks(n, c), zarr.open_group(path, mode="w")
    parts = {
        "reconstructions": {
            "id": text_bytes([f"cell{i:03d}" for i in range(n)]),
            "original": x,
            "decoded": x * 0.5,
            "aligned": x * 0.75,
            "angle_deg": np.arange(n) * 10.0,
            "flip": np.arange(n) % 2,
            "error": np.arange(n)[::-1] + 1.0,
        },
        "traversals": {
            "x": np.stack([disks(3, c)] * axes),
            "sd": np.array([-2.0, 0.0, 2.0]),
            "share": 0.5 ** np.arange(1, axes + 1),
        },
        "interpolations": {
            "x": np.stack([disks(4, c)] * 2)[:pairs],
            "start": disks(2, c)[:pairs],
            "end": disks(2, c)[:pairs],
            "id": text_bytes([f"cell{i:03d}" for i in range(4)]).reshape(2, 2, -1)[:pairs],
        },
    }
    for part, arrays in parts.items():
        made = group.create_group(part)
        for name, values in arrays.items():
            write_array(made, name, values)
    return path


def uncertainties(n: int = 12) -> np.ndarray:
    return np.exp(np.random.default_rng(2).normal(size=(n, 2)))


def reconstructions_of(path: Path):
    made = Reconstructions.read(open_group(path)["reconstructions"], 9)
    return plot_reconstructions(made, ["a"])


DRAWN = {
    "crops": lambda tmp: plot_crops(some_crops(), some_labels()),
    "reconstructions": lambda tmp: reconstructions_of(write_shapes(tmp / "s.zarr")),
    "traversals": lambda tmp: plot_traversals(
        Paths.read(open_group(write_shapes(tmp / "s.zarr"))), ["a"]
    ),
    "cluster_gallery": lambda tmp: plot_cluster_gallery(
        some_crops(), an_embedding(), np.arange(12) % 3 - 1, some_labels(), "kmeans"
    ),
    "outlier_gallery": lambda tmp: plot_outlier_gallery(
        some_crops(), some_outliers(), some_labels()
    ),
    "image_map": lambda tmp: plot_image_map(some_crops(), a_map(), some_labels()),
    "invariance": lambda tmp: plot_invariance(an_invariance()),
    "uncertainty": lambda tmp: plot_uncertainty(some_crops(), uncertainties(), some_labels()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_equal_data_give_equal_bytes_without_a_date(name, tmp_path):
    for run in ("first", "second"):
        save_figure(DRAWN[name](tmp_path), tmp_path / f"{run}.svg", tmp_path / f"{run}.png")
    for kind in ("svg", "png"):
        first, second = (tmp_path / f"{run}.{kind}" for run in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    svg = (tmp_path / "first.svg").read_text()
    assert "dc:date" not in svg and "Matplotlib v" not in svg


@pytest.mark.parametrize(("n", "c"), [(1, 1), (2, 7), (4, 2), (40, 1)])
def test_all_sizes_and_channels_are_drawn(n, c, tmp_path):
    crops, x = some_crops(n, c, None), an_embedding(n)
    labels = [None] * n if c == 1 else some_labels(n, 25)
    clusters = np.arange(n) % 25 if c == 1 else np.full(n, -1)
    for figure in (
        plot_crops(crops, labels),
        plot_cluster_gallery(crops, x, clusters, labels, "kmeans"),
        plot_outlier_gallery(crops, some_outliers(n), labels),
        plot_image_map(crops, a_map(n), labels),
        plot_uncertainty(crops, uncertainties(n), labels),
        plot_traversals(Paths.read(open_group(write_shapes(tmp_path / "s", n, c))), "abcdefg"[:c]),
        reconstructions_of(tmp_path / "s"),
    ):
        figure.draw_without_rendering()
        assert figure.get_figheight() > 0


def _box_of(key, figure):
    return key.get_window_extent().transformed(figure.transFigure.inverted())


def test_no_panel_of_a_figure_overlaps_another_or_leaves_it(tmp_path):
    for name, draw in DRAWN.items():
        figure = draw(tmp_path)
        figure.draw_without_rendering()
        boxes = [axes.get_position() for axes in figure.axes]
        boxes += [_box_of(key, figure) for key in figure.legends]
        for i, box in enumerate(boxes):
            assert min(box.x0, box.y0) > -1e-9 and max(box.x1, box.y1) < 1 + 1e-9, name
            for other in boxes[:i]:
                apart = (
                    box.x0 >= other.x1 - 1e-9
                    or other.x0 >= box.x1 - 1e-9
                    or box.y0 >= other.y1 - 1e-9
                    or other.y0 >= box.y1 - 1e-9
                )
                assert apart, name


def test_one_channel_is_grey_and_channels_add_up():
    limits = np.array([[0.0, 1.0]])
    grey = composite(np.array([[[[0.0, 0.25, 1.0]]]]), limits)
    np.testing.assert_allclose(grey[0, 0], [[0] * 3, [0.25] * 3, [1] * 3], atol=1e-6)
    x = np.random.default_rng(0).uniform(0, 0.4, size=(2, 2, 3, 3))
    limits = np.array([[0.0, 1.0]] * 2)
    alone = [composite(x * np.eye(2)[i][:, None, None], limits) for i in range(2)]
    np.testing.assert_allclose(composite(x, limits), np.clip(sum(alone), 0, 1), atol=1e-6)


def test_many_channels_do_not_add_up_to_white():
    limits = np.array([[0.0, 1.0]] * 6)
    x = np.random.default_rng(0).uniform(size=(1, 6, 4, 4))
    found = composite(x, limits)
    assert (found.max(axis=-1) <= x.max(axis=1) + 1e-6).all()
    alone = composite(0.5 * np.eye(6)[:, :, None, None], limits)[:, 0, 0]
    np.testing.assert_allclose(alone, [0.5 * np.array(to_rgb(c)) for c in channel_colors(6)], 1e-5)
    assert not composite(0 * x, limits).any()


def test_colours_of_up_to_six_channels_differ_and_further_ones_are_told():
    for n in range(1, 7):
        assert len(set(channel_colors(n))) == n
    assert len(channel_colors(9)) == 6
    assert "3 not shown" in texts(plot_crops(some_crops(4, 9), some_labels(4)))


def test_limits_hold_all_but_half_a_percent_and_never_vanish():
    ramp = np.linspace(0, 1, 1001).reshape(1, 1, 7, 143)
    np.testing.assert_allclose(display_limits(ramp), [[0.005, 0.995]], atol=1e-9)
    np.testing.assert_array_equal(display_limits(np.full((2, 1, 3, 3), 0.4)), [[0, 1]])
    speck = np.zeros((1, 1, 40, 40))
    speck[0, 0, 3, 3] = 0.7
    np.testing.assert_allclose(display_limits(speck), [[0, 0.7]])


def test_a_few_bright_crops_do_not_hide_the_rest_nor_a_few_dark_ones_the_bright():
    x = np.zeros((8, 1, 10, 10))
    x[:, :, 2:8, 2:8] = 0.5
    x[0, :, 2:8, 2:8] = 1
    np.testing.assert_allclose(display_limits(x), [[0, 0.5]])
    x[1:, :, 2:8, 2:8] = 0.1
    np.testing.assert_allclose(display_limits(x), [[0, 0.4]])
    np.testing.assert_allclose(display_limits(x[:1]), [[0, 1]])


def test_pictures_stand_in_a_montage_where_they_should_with_white_between():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, size=(2, 3, 4, 5, 3)) / 255
    image = montage(pictures, 2)
    assert image.shape == (2 * 4 + 2, 3 * 5 + 2 * 2, 3)
    seen = np.zeros(image.shape[:2], dtype=bool)
    for i in range(2):
        for j in range(3):
            place = np.s_[i * 6 : i * 6 + 4, j * 7 : j * 7 + 5]
            np.testing.assert_array_equal(image[place], np.rint(255 * pictures[i, j]))
            seen[place] = True
    assert (image[~seen] == 255).all()


def test_places_without_a_picture_are_white_and_frames_keep_the_picture():
    one = np.zeros((1, 4, 4, 3))
    image = montage(in_rows([one, np.concatenate([one, one])], 3), 1)
    assert (image[:4, 5:] == 255).all() and (image[5:, :4] == 0).all()
    picture = np.random.default_rng(0).uniform(size=(2, 20, 20, 3))
    found = framed(picture, ["#FF0000", "#0000FF"], 0.1)
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], picture, atol=1e-7)
    assert (found[0, :2] == [1, 0, 0]).all() and (found[1, :, -2:] == [0, 0, 1]).all()


def test_long_ids_keep_their_end_and_long_labels_their_beginning():
    assert shortened("plate1_cell0042", 9) == "…cell0042" and shortened("cell", 4) == "cell"
    assert clipped("cytochalasin", 5) == "cyto…" and clipped("cell", 4) == "cell"


def test_evenly_spaced_ranks_hold_both_ends():
    np.testing.assert_array_equal(spaced(9, 3), [0, 4, 8])
    np.testing.assert_array_equal(spaced(2, 8), [0, 1])
    np.testing.assert_array_equal(spaced(5, 1), [2])
    assert len(spaced(0, 8)) == 0 and len(spaced(10_000, 8)) == 8


def test_shrinking_keeps_the_mean_of_what_is_left():
    x = np.random.default_rng(0).uniform(size=(2, 3, 9, 9))
    small = shrink(x, 4)
    assert small.shape == (2, 3, 4, 4)
    np.testing.assert_allclose(small.mean(), x[:, :, :8, :8].mean(), rtol=1e-12)
    np.testing.assert_array_equal(shrink(x, 9), x)


def test_crops_are_taken_in_the_order_asked_for_and_a_missing_one_is_named(tmp_path):
    x = disks(600, size=64)
    write_samples(
        tmp_path / "crops.zarr",
        [f"cell{i}" for i in range(600)],
        x,
        axes=["object", "channel", "y", "x"],
        units="intensity",
        provenance={},
        facts={"channels": ["dna"], "pixel_size_um": None},
    )
    crops = Crops.read(tmp_path / "crops.zarr")
    assert crops.channels == ["dna"] and crops.pixel_size_um is None
    picked = crops.select(np.array(["cell599", "cell3", "cell300"]))
    np.testing.assert_array_equal(picked.take(np.array([2, 0, 0, 1])), x[[300, 599, 599, 3]])
    small = picked.take_small(np.arange(3), 32)
    np.testing.assert_allclose(small, shrink(x[[599, 3, 300]], 32), atol=1e-6)
    with pytest.raises(InputError, match=r"lack 'nobody'.*remake"):
        crops.select(np.array(["nobody"]))


def test_a_store_that_holds_no_crops_is_refused_by_name(tmp_path):
    write_samples(
        tmp_path / "f.zarr", ["a"], np.ones((1, 3)), axes=["a", "b"], units="", provenance={}
    )
    with pytest.raises(InputError, match=r"f\.zarr holds samples of shape \(1, 3\), not crops"):
        Crops.read(tmp_path / "f.zarr")


def test_examples_are_spread_over_the_table_and_unknown_is_last():
    chosen = example_rows(["b", "a", "b", "b", None, "b", "b"], 3)
    assert list(chosen) == ["a", "b", "unknown"]
    assert [rows.tolist() for rows in chosen.values()] == [[1], [0, 3, 6], [4]]


def test_the_drawn_crops_are_those_of_the_label():
    crops = some_crops(4)
    (image,) = images(plot_crops(crops, ["b", "a", "b", "a"]))
    pictures = composite(crops.x, display_limits(crops.x))
    by_label = in_rows([pictures[[1, 3]], pictures[[0, 2]]], 8)
    # Every pixel is repeated as often as there is room, and what is left is the gap.
    times = image.shape[0] // (2 * 16)
    assert times > 1
    expected = montage(enlarged(by_label, 16 * times), image.shape[0] - 2 * 16 * times)
    np.testing.assert_array_equal(image, expected)


def test_a_scale_bar_of_crops_is_as_long_as_it_says():
    figure = plot_crops(some_crops(6, pixel=0.5), some_labels(6))
    (axes,) = figure.axes
    (bar,) = axes.findobj(lambda a: a.get_gid() == "scale_bar")
    stated = [t.get_text() for t in axes.texts if t.get_text().endswith("µm")]
    assert np.ptp(bar.get_xdata()) == pytest.approx(float(stated[0].split()[0]))
    # A crop is 16 pixels of 0.5 um, and three stand side by side with two gaps.
    shown = axes.images[0].get_extent()
    assert np.ptp(shown[:2]) > 3 * 8
    assert "no scale" in texts(plot_crops(some_crops(6, pixel=None), some_labels(6)))


def test_reconstructions_go_from_best_to_worst(tmp_path):
    error = np.array([3.0, 1.0, 2.0, 9.0, 5.0])
    np.testing.assert_array_equal(ranked_by_error(error, 3), [1, 0, 3])
    group = open_group(write_shapes(tmp_path / "s.zarr", 5))["reconstructions"]
    made = Reconstructions.read(group, 3)
    assert made.ids.tolist() == ["cell004", "cell002", "cell000"]
    np.testing.assert_array_equal(made.error, [1, 3, 5])
    np.testing.assert_array_equal(made.original, disks(5)[[4, 2, 0]])
    np.testing.assert_array_equal(made.angle_deg, [40, 20, 0])
    found = texts(plot_reconstructions(made, ["a"]))
    assert "best\n1" in found and "worst\n5" in found and "20°" in found


def test_a_model_that_turns_nothing_has_no_row_of_turned_ones(tmp_path):
    group = open_group(write_shapes(tmp_path / "s.zarr", 5))["reconstructions"]
    made = Reconstructions.read(group, 5)
    assert "turned onto" in texts(plot_reconstructions(made, ["a"]))
    plain = replace(made, angle_deg=made.angle_deg * 0, flip=made.flip * 0)
    assert "turned onto" not in texts(plot_reconstructions(plain, ["a"]))


def test_no_reconstructions_are_said(tmp_path):
    group = open_group(write_shapes(tmp_path / "s.zarr", 0))["reconstructions"]
    figure = plot_reconstructions(Reconstructions.read(group, 9), ["a"])
    assert "no test objects" in texts(figure)


def test_the_difference_is_that_of_the_channel_that_differs_most():
    original = np.zeros((1, 2, 1, 2))
    other = np.array([[[[0.1, 0.2]], [[-0.5, 0.1]]]])
    np.testing.assert_allclose(largest_difference(original, other), [[[-0.5, 0.2]]])


def test_traversals_name_axes_and_steps_and_need_no_pairs(tmp_path):
    paths = Paths.read(open_group(write_shapes(tmp_path / "s.zarr")))
    found = texts(plot_traversals(paths, ["a"]))
    assert "axis 2\n25.0% of variance" in found and "−2 sd" in found and "typical" in found
    assert "cell002\nto cell003" in found and "100%" in found
    alone = Paths.read(open_group(write_shapes(tmp_path / "t.zarr", pairs=0)))
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


def test_the_gaussian_mixture_is_drawn_where_there_is_one():
    assert chosen_method(pd.DataFrame(columns=["id", "kmeans", "gaussian_mixture"])) == (
        "gaussian_mixture"
    )
    assert chosen_method(pd.DataFrame(columns=["id", "dbscan", "kmeans"])) == "kmeans"
    assert chosen_method(pd.DataFrame(columns=["id", "dbscan"])) == "dbscan"


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


@pytest.mark.parametrize("n", [1, 4, 100, 3000])
def test_no_two_objects_of_a_map_share_a_cell(n):
    xy = np.random.default_rng(n).normal(size=(n, 2))
    objects, cells, side = snap_to_grid(xy, 20)
    assert len(np.unique(cells, axis=0)) == len(cells) == len(np.unique(objects))
    assert cells.min() >= 0 and cells.max() < side <= 20
    assert len(objects) == n or n == 3000


def test_objects_stay_near_their_places_with_the_second_axis_upwards():
    corners = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    objects, cells, side = snap_to_grid(corners, 26)
    last = side - 1
    found = dict(zip(objects.tolist(), cells.tolist(), strict=True))
    assert found == {0: [last, 0], 1: [last, last], 2: [0, 0], 3: [0, last]}


def test_a_cell_shows_the_object_nearest_to_its_middle_where_there_are_many():
    # A 2 x 2 grid has its middles at the corners; of two objects near each, one is nearer.
    near = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    xy = np.concatenate([near * 0.8 + 0.1, near])
    objects, cells, side = snap_to_grid(xy, 2)
    assert side == 2 and objects.tolist() == [4, 5, 6, 7]
    assert cells.tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]


def test_assigned_cells_have_the_least_sum_of_squared_ways():
    xy = np.random.default_rng(5).normal(size=(3, 2)) * [1, 0]
    objects, cells, side = snap_to_grid(xy, 26)
    place = (xy[:, 0] - xy[:, 0].min()) / np.ptp(xy[:, 0]) * (side - 1)
    place = np.column_stack([np.full(3, (side - 1) / 2), place])
    every = np.stack(np.divmod(np.arange(side**2), side), axis=1)
    best = min(((place - every[list(p)]) ** 2).sum() for p in permutations(range(side**2), 3))
    assert ((place[objects] - cells) ** 2).sum() == pytest.approx(best)


def test_the_first_complete_map_is_drawn_and_none_is_said():
    maps = a_map().assign(pca_1=1.0, pca_2=np.arange(12.0))
    assert map_to_draw(maps) == "umap"
    maps["umap_2"] = np.nan
    assert map_to_draw(maps) == "pca"
    assert "principal components, all 12" in texts(plot_image_map(some_crops(), maps, [None] * 12))
    assert "too few objects" in texts(plot_image_map(some_crops(), maps[["umap_2"]], [None] * 12))


def test_names_of_channels_are_clipped_only_where_there_is_no_room():
    short, long = ["dna", "er"], [f"a rather long name of channel {i}" for i in range(6)]
    for channels in (short, long):
        crops = replace(some_crops(4, len(channels)), channels=channels)
        figure = plot_crops(crops, some_labels(4))
        box = _box_of(figure.legends[0], figure)
        assert box.x0 > 0 and box.x1 < 1
        named = [text.get_text() for text in figure.legends[0].get_texts()]
        assert (named == channels) == (channels is short)


def test_a_key_of_labels_has_room_and_an_end():
    assert key_height([None, None], 7) == 0
    assert key_height(["a"], 7) < key_height([f"a rather long label {i}" for i in range(25)], 7)
    many = [f"type{i}" for i in range(LISTED + 5)]
    figure = plot_image_map(some_crops(len(many)), a_map(len(many)), many)
    assert "and 5 more" in texts(figure)


def test_shifts_are_shares_of_the_way_to_the_nearest_other_object():
    table = an_invariance(3, angles=(0, 30, 390), flips=(True,))
    table.loc[len(table)] = ["same_place", 30, True, 1.0, 0.0, False]
    shares = moved_share(table).set_index("angle_deg")
    # 30 and 390 degrees are one angle: shifts of 0.02, 0.04 and 0.06 twice, over 0.5.
    assert shares.loc[30, "median"] == pytest.approx(0.08)
    assert shares.loc[30, ["low", "high", "largest"]].tolist() == pytest.approx([0.05, 0.11, 0.12])
    assert shares.loc[30, "n"] == 6 and shares.loc[30, "itself_first"] == pytest.approx(0.5)


def test_the_headline_of_invariance_tells_the_worst_and_the_exact():
    table = an_invariance()
    table.loc[(table["angle_deg"] == 180) & (table["id"] == "cell2"), "shift"] = 1e-4
    found = headline(moved_share(table))
    assert "largest median 0.14 at 30°" in found and "0.0002 at quarter turns" in found
    assert "(n = 6)" in found
    assert "quarter" not in headline(moved_share(an_invariance(3, (0, 30), (False,))))


def test_the_circle_is_closed_only_by_angles_that_go_round():
    def last_angles(table):
        return [max(line.get_xdata()) for line in plot_invariance(table).axes[1].lines[:2]]

    assert last_angles(an_invariance()) == [360, 360]
    assert last_angles(an_invariance(angles=(0, 30, 60))) == [60, 60]
    for nearest in (np.nan, np.inf):
        lonely = an_invariance().assign(nearest=nearest)
        assert "no other object" in texts(plot_invariance(lonely))


def test_the_corners_are_those_of_the_ranks_and_nobody_stands_for_two():
    values = np.array([[0.0, 0], [1, 1], [0.1, 1e6], [1e6, 0.1], [0.5, 0.5]])
    chosen = corner_rows(values, 4)
    assert {name: rows.tolist() for name, rows in chosen.items()} == {
        "a": [2],
        "b": [1],
        "c": [0],
        "d": [3],
    }
    rows = np.concatenate(list(corner_rows(uncertainties(40), 4).values()))
    assert len(rows) == len(set(rows.tolist())) == 16


def test_an_embedding_without_uncertainty_is_refused_or_said():
    with pytest.raises(InputError, match=r"no column reconstruction_error; only a variational"):
        uncertainty_of(pd.DataFrame({"posterior_sd": [1.0]}))
    figure = plot_uncertainty(some_crops(2), np.full((2, 2), np.nan), [None] * 2)
    assert "no uncertainty" in texts(figure)


def test_the_commands_join_tables_by_id_in_any_order(tmp_path):
    n = 12
    crops, ids = disks(n), [f"cell{i:03d}" for i in range(n)]
    facts = {"channels": ["dna"], "pixel_size_um": 0.5}
    axes = ["object", "channel", "y", "x"]
    store = tmp_path / "crops.zarr"
    write_samples(store, ids, crops, axes=axes, units="intensity", provenance={}, facts=facts)
    objects = pd.DataFrame({"id": ids, "source": "s", "label": some_labels(n), "split": "train"})
    objects["group"] = None
    write_objects(tmp_path / "objects.parquet", objects, {})
    values = pd.DataFrame(uncertainties(n), columns=["posterior_sd", "reconstruction_error"])
    order = np.random.default_rng(0).permutation(n)
    shuffled = pd.concat([objects, values], axis=1).iloc[order].reset_index(drop=True)
    embedding = make_embedding(an_embedding(n)[order], shuffled, {})
    write_embedding(tmp_path / "embedding.h5ad", embedding)
    clusters = pd.DataFrame({"id": ids, "kmeans": np.arange(n) % 3})
    tables = {
        "outliers": some_outliers(n).iloc[order],
        "maps": a_map(n).assign(id=ids).iloc[order],
        "invariance": an_invariance(),
        "clusters": clusters,
    }
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.parquet", table, {})
    write_shapes(tmp_path / "shapes.zarr")
    commands = {
        "crops": ("crops", "objects"),
        "invariance": ("invariance",),
        "uncertainty": ("pictures", "embedding"),
        "shapes": ("shapes", "pictures"),
        "pictures": ("pictures", "embedding", "maps", "clusters", "outliers"),
    }
    place = {"pictures": store}
    for name, inputs in commands.items():
        flags = {flag: place.get(flag) or next(tmp_path.glob(f"{flag}.*")) for flag in inputs}
        files = {"svg": tmp_path / f"o/{name}.svg", "png": tmp_path / f"o/{name}.png"}
        to = {"folder": tmp_path / "o"} if name in ("shapes", "pictures") else files
        importlib.import_module(f"plot_{name}").main(**flags, **to)
    assert len(list((tmp_path / "o").iterdir())) == 2 * (1 + 1 + 3 + 3)
    expected = plot_image_map(some_crops(n), a_map(n), some_labels(n))
    save_figure(expected, tmp_path / "direct.svg", tmp_path / "direct.png")
    assert (tmp_path / "direct.png").read_bytes() == (tmp_path / "o/image_map.png").read_bytes()


def test_a_command_ends_with_a_sentence_where_crops_are_missing(tmp_path):
    command = [sys.executable, ROOT / "scripts/plot_crops.py", "--crops", tmp_path / "no.zarr"]
    command += ["--objects", tmp_path / "no", "--svg", tmp_path / "a", "--png", tmp_path / "b"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "no.zarr" in done.stderr and "remake" in done.stderr


@pytest.mark.parametrize("name", DRAWN)
def test_captions_name_only_wildcards_that_their_rules_have(name):
    import jinja2

    wildcards = {"dataset": "d"}
    if name != "crops":
        wildcards |= {"model": "m", "variant": "v", "seed": "0"}
    text = (ROOT / f"rules/report/{name}.rst").read_text()
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text)
    rendered = template.render(snakemake={"wildcards": wildcards})
    assert "**d**" in rendered and ("**m**" in rendered) == (name != "crops")
