"""Gromov-Wasserstein distances: points along the cable, known answers, invariances."""

import sys

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import concatenate, single
from morphoflow.neurons.samples.distances import cable_points, gromov_wasserstein, inner_distances
from synthetic_neurons import line, random_binary_tree, y_shape


def test_points_stand_for_equal_lengths_of_cable_however_it_is_cut():
    expected = np.column_stack([[0.5, 1.5, 2.5, 3.5], np.zeros(4), np.zeros(4)])
    for neuron in (line(5), line(9, step_um=0.5), line(2, step_um=4.0)):
        np.testing.assert_allclose(cable_points(neuron, 4), expected, atol=1e-6)
    points = cable_points(y_shape(stem=2, left=3, right=4), 9)
    assert ((points[:, 0] < 0).sum(), (points[:, 0] > 0).sum()) == (3, 4)


def test_a_neuron_without_cable_is_named():
    with pytest.raises(InputError, match="'bare' has no cable"):
        cable_points(single("bare", [[0, 0, 0]], [-1]), 3)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot.gromov", None)
    with pytest.raises(InputError, match="pip install pot"):
        gromov_wasserstein(np.zeros((2, 3, 3)))


def test_two_points_have_the_distance_of_the_formula():
    pytest.importorskip("ot")
    inner = np.array([[[0, 3], [3, 0]], [[0, 7], [7, 0]]], dtype=float)
    # Of four pairs of points two differ, by 4: half the root of 16 / 2.
    found = gromov_wasserstein(inner)
    np.testing.assert_allclose(found, [[0, np.sqrt(2)], [np.sqrt(2), 0]], rtol=1e-6)


def test_turning_mirroring_and_moving_change_nothing_and_size_does():
    pytest.importorskip("ot")
    rng = np.random.default_rng(0)
    neuron = random_binary_tree(rng, n_tips=8, step_um=10)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    variants = [neuron.xyz, neuron.xyz @ turn, neuron.xyz * [-1, 1, 1], 2 * neuron.xyz]
    forest = concatenate(
        [single(f"v{k}", xyz, neuron.parent) for k, xyz in enumerate(variants)]
        + [random_binary_tree(rng, n_tips=8, step_um=10, identifier="other")]
    )
    points = np.stack([cable_points(forest.neuron(i), 20) for i in range(forest.n)])
    found = gromov_wasserstein(inner_distances(points))
    np.testing.assert_allclose(found[:3, :3], 0, atol=1e-3)
    np.testing.assert_allclose(found, found.T)
    assert found[0, 3] > 1 and found[0, 4] > 0.1
