"""The baseline of NBLAST: known answers, what it depends on, and what is said without navis."""

import sys

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.models.baselines import nblast as model
from morphoflow.neurons.samples.distances import cable_points
from small_baselines import CPU, fitted, forest

SETTINGS = {"landmarks": 99, "variance": 1.0, "scale": 5}


@pytest.fixture
def points() -> np.ndarray:
    of = forest(8)
    return np.stack([cable_points(of.neuron(i), 20) for i in range(of.n)]).astype(np.float32)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch, points):
    monkeypatch.setitem(sys.modules, "navis", None)
    with pytest.raises(InputError, match="pip install navis"):
        model.nblast_distances(points, points, 5)


def test_a_neuron_is_like_itself_and_less_like_one_that_lies_elsewhere(points):
    pytest.importorskip("navis")
    moved = points + np.array([0, 0, 30], np.float32)
    near, far = (model.nblast_distances(points, other, 5) for other in (points, moved))
    np.testing.assert_allclose(np.diagonal(near), 0, atol=1e-6)
    np.testing.assert_allclose(near, near.T, atol=1e-6)
    assert (np.diagonal(far) > 0.1).all()


def test_neurons_of_twice_the_size_are_alike_at_twice_the_scale(points):
    pytest.importorskip("navis")
    one, other = (
        model.nblast_distances(points, points, 5),
        model.nblast_distances(2 * points, 2 * points, 10),
    )
    np.testing.assert_allclose(other, one, atol=1e-4)


def test_coordinates_of_landmarks_have_their_distances(store, points):
    pytest.importorskip("navis")
    found = model.embed(fitted(model, store(points), 8, SETTINGS), store(points), CPU)
    between = np.linalg.norm(found[:, None] - found[None], axis=2)
    wanted = model.nblast_distances(points, points, 5)
    assert np.corrcoef(between.ravel(), wanted.ravel())[0, 1] > 0.9
