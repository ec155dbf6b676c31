"""Figures of neurons: scale bars, rows, axes, walks."""

import itertools

import numpy as np
import pytest

from drawn_tables import DRAWN, texts
from morphoflow.figures.neurons import plot_neurons
from morphoflow.figures.scale import round_length
from morphoflow.figures.trees import (
    longest_axes,
    spaced_by_length,
    tree_lines,
)
from morphoflow.figures.walks import plot_walks, walk_pieces, walked_neurons
from morphoflow.forest import concatenate
from morphoflow.neurons.samples.reach import reach_table
from morphoflow.neurons.samples.walks import walks_and_visits
from synthetic_neurons import line, small_forest, y_shape


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


def test_one_neuron_a_label_is_walked_and_full_walks_reach_every_tip():
    forest = small_forest(6)
    rows = walked_neurons(forest, ["b", "a", "a", "a", None, None])
    assert len(rows) == 3 and rows[1] == 0 and rows[0] in (1, 2, 3) and rows[2] in (4, 5)
    x, length, visited = walks_and_visits(forest, n_walks=200, n_steps=40, children="tips", seed=0)
    reach = reach_table(forest, visited, 40).iloc[:2]
    drawn = plot_walks(forest.select([0, 1]), ["a", "b"], x[:2], length[:2], reach)
    assert "100% of the tips within reach,\n100% reached" in texts(drawn)
