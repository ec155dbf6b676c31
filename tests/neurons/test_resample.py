"""Nodes at even spacing for walks; no measure depends on them."""

from dataclasses import replace

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import concatenate, single
from morphoflow.neurons.samples.resample import resample
from morphoflow.reading import guard
from swc_texts import assert_same
from synthetic_neurons import random_binary_tree, small_forest, y_shape


@pytest.mark.parametrize("spacing_um", [0.07, 0.3, 1.0, 2.7, 50.0])
def test_resampling_keeps_straight_cable_ends_and_branch_points(spacing_um):
    tree = random_binary_tree(np.random.default_rng(2), n_tips=30, step_um=2.7)
    finer = resample(tree, spacing_um)
    finer.check()
    np.testing.assert_allclose(finer.cable_length, tree.cable_length, rtol=1e-5)
    assert set(map(tuple, tree.xyz)) <= set(map(tuple, finer.xyz))
    pieces = max(1, round(2.7 / spacing_um))
    assert finer.n_nodes[0] == 1 + pieces * (tree.n_nodes[0] - 1)
    np.testing.assert_allclose(finer.segment_length[1:], 2.7 / pieces, rtol=1e-4)
    assert np.bincount(finer.parent[1:]).max() == 2


def test_resampling_removes_nodes_of_a_straight_line_and_interpolates_radii():
    y = y_shape(stem=9, left=6, right=3)
    y.radius[:] = 1 + np.arange(len(y.radius))
    coarse = resample(y, 3.0)
    assert coarse.n_nodes.tolist() == [1 + 3 + 2 + 1]
    assert coarse.parent.tolist() == [-1, 0, 1, 2, 3, 4, 3]
    assert coarse.radius.tolist() == [1, 4, 7, 10, 13, 16, 19]
    half = resample(y, 0.5)
    stem = half.radius[:19]
    np.testing.assert_allclose(stem, np.linspace(1, 10, 19), rtol=1e-6)


def test_resampling_follows_a_bend():
    places = np.array([[0, 0, 0], [0, 1, 0], [0, 4, 0], [-1, 4, 0]])
    points = resample(single("corner", places, np.arange(4) - 1), 1.25).xyz
    np.testing.assert_allclose(
        points, [[0, 0, 0], [0, 1.25, 0], [0, 2.5, 0], [0, 3.75, 0], [-1, 4, 0]]
    )


def test_a_forest_is_resampled_as_its_neurons_are():
    forest = small_forest(7)
    forest = replace(forest, bridge=np.random.default_rng(1).random(len(forest.bridge)) < 0.2)
    forest.bridge[forest.offsets[:-1]] = False
    for spacing_um in (0.4, 2.0):
        together = resample(forest, spacing_um)
        together.check()
        apart = concatenate([resample(forest.neuron(i), spacing_um) for i in range(forest.n)])
        assert_same(together, apart)


def test_with_no_spacing_the_nodes_stay():
    forest = small_forest(4)
    assert_same(resample(forest, 0), forest)


def test_bridges_are_cut_into_bridges_and_stay_as_long():
    chain = single("chain", [[0, 0, 0], [0, 2, 0], [0, 8, 0], [0, 9, 0]], np.arange(4) - 1)
    chain.bridge[2] = True
    finer = resample(chain, 1.0)
    finer.check()
    assert finer.xyz[:, 1].tolist() == list(range(10))
    assert np.flatnonzero(finer.bridge).tolist() == [3, 4, 5, 6, 7, 8]
    assert finer.cable_length == chain.cable_length == [3.0]
    assert finer.bridge_length == chain.bridge_length == [6.0]


def test_a_spacing_for_which_memory_has_no_room_is_an_error(monkeypatch):
    monkeypatch.setattr(guard, "memory_bytes", lambda: 10**6)
    far = single("far", [[0, 0, 0], [1e6, 0, 0]], [-1, 0])
    with pytest.raises(InputError, match=r"'far'.*nodes, one every 2 um.*resample_um"):
        resample(far, 2.0)
