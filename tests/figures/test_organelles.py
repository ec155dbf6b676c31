"""Figures of organelles: the slice chosen, colours by cluster, bars of the right length."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.figures.cluster_slice import (
    LARGEST,
    busiest_slice,
    clusters_of,
    plot_cluster_slice,
)
from morphoflow.figures.organelles import Examples, example_rows, plot_organelles, widest_slices


def boxes(*ranges: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(ranges, columns=["box_z_start", "box_z_stop"])


def test_the_slice_that_most_objects_cross_is_drawn():
    box = busiest_slice(boxes((0, 3), (2, 6), (5, 9), (5, 6)), (10, 20, 30))
    assert (box.start, box.stop) == ((5, 0, 0), (6, 20, 30))


def test_of_a_huge_slice_the_middle_is_read():
    box = busiest_slice(boxes((0, 1)), (4, 3 * LARGEST, 10))
    assert box.start == (0, LARGEST, 0) and box.shape == (1, LARGEST, 10)


def test_voxels_get_the_cluster_of_their_object_whatever_the_order_of_the_table():
    ids = np.array([2**63 + 5, 3, 70], dtype=np.uint64)
    labels = np.array([[0, 3, 70], [2**63 + 5, 4, 0]], dtype=np.uint64)
    expected = [[-2, 1, -1], [0, -2, -2]]
    assert clusters_of(labels, ids, np.array([0, 1, -1])).tolist() == expected
    order = [2, 0, 1]
    assert clusters_of(labels, ids[order], np.array([0, 1, -1])[order]).tolist() == expected


def test_background_keeps_its_grey_and_noise_has_a_name():
    em = np.random.default_rng(0).integers(0, 255, (40, 60))
    found = np.full((40, 60), -2)
    found[5:10, 5:10], found[20:30, 20:50] = -1, 3
    figure = plot_cluster_slice(em, found, (8.0, 8.0), 7, "kmeans")
    grey, painted = (np.asarray(axes.images[0].get_array()) for axes in figure.axes)
    differs = np.abs(grey - painted).max(axis=-1) > 0
    assert (differs <= (found >= -1)).all() and differs[found == 3].mean() > 0.9
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["noise", "3"] and figure.axes[0].get_title(loc="left") == "EM, slice 7"


def test_without_em_objects_are_white_on_black():
    found = np.full((40, 60), -2)
    found[5:10, 5:10], found[20:30, 20:50] = -1, 3
    figure = plot_cluster_slice(None, found, (8.0, 8.0), 7, "kmeans")
    shown = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(shown[..., 0], found >= -1)
    assert figure.axes[0].get_title(loc="left") == "objects, slice 7"
    volumes = np.zeros((1, 2, 4, 4, 4), dtype=np.uint8)
    volumes[0, 1, 2, :2] = 255
    np.testing.assert_array_equal(widest_slices(volumes)[0], volumes[0, 1, 2] / 255)


def test_the_widest_slice_of_each_mask_is_taken_from_its_em():
    volumes = np.zeros((2, 2, 4, 4, 4), dtype=np.uint8)
    volumes[0, 1, 2] = volumes[1, 1, 1, 0] = 255
    volumes[:, 0] = np.arange(4)[None, :, None, None] * 85
    np.testing.assert_allclose(widest_slices(volumes)[:, 0, 0], [2 / 3, 1 / 3], rtol=1e-5)


@pytest.mark.parametrize("labels", [["rod", "rod", None, "blob"], [None] * 4])
def test_every_class_has_its_block_and_each_slice_a_bar_of_a_round_length(labels):
    rows = np.sort(np.concatenate(list(example_rows(labels).values())))
    pictures = np.random.default_rng(0).random((4, 16, 16)).astype(np.float32)
    nm = np.array([10.0, 20.0, 10.0, 100.0])
    figure = plot_organelles(Examples(pictures[rows], pictures[rows], nm[rows]), labels, labels)
    assert len(figure.axes) == len({label or "unknown" for label in labels})
    bars = [line for axes in figure.axes for line in axes.lines]
    assert len(bars) == 4
    lengths = sorted(np.ptp(line.get_xdata()) for line in bars)
    assert lengths == pytest.approx(sorted([50 / 10, 100 / 20, 50 / 10, 500 / 100]))
