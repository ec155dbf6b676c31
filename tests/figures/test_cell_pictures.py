"""Crops in pictures: colours, limits, montages, names, and the right crops at their places."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from drawn_cells import disks, images, some_crops, some_labels, texts
from morphoflow.errors import InputError
from morphoflow.figures.channels import channel_colors, composite, display_limits
from morphoflow.figures.crop_rows import Crops, shrink, spaced
from morphoflow.figures.crops import example_rows, plot_crops
from morphoflow.figures.keys import channel_key_height
from morphoflow.figures.montage import clipped, enlarged, framed, in_rows, montage, shortened
from morphoflow.store import write_samples


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


def test_a_colour_image_is_shown_in_its_colours_without_a_key():
    x = np.random.default_rng(0).random((2, 3, 5, 5)) * 0.5
    names = ["red", "green", "blue"]
    limits = display_limits(x, names)
    np.testing.assert_allclose(composite(x, limits, names), np.moveaxis(x, 1, -1), rtol=1e-6)
    assert channel_key_height(names) == 0 < channel_key_height(names[::-1])
