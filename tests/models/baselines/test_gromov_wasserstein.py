"""The baseline of Gromov-Wasserstein distances: what it keeps, and what it does not depend on."""

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import Forest
from morphoflow.models.baselines import gromov_wasserstein as model
from morphoflow.neurons.samples import distances
from small_baselines import CPU, fitted, forest

pytest.importorskip("ot")

ALL = {"landmarks": 99, "variance": 1.0}


def places(of: Forest, number: int = 12) -> np.ndarray:
    return np.stack([distances.cable_points(of.neuron(i), number) for i in range(of.n)])


def test_coordinates_of_landmarks_have_their_distances(store):
    x = places(forest(8)).astype(np.float32)
    found = model.embed(fitted(model, store(x), 8, ALL), store(x), CPU)
    between = np.linalg.norm(found[:, None] - found[None], axis=2)
    wanted = distances.gromov_wasserstein(distances.inner_distances(x))
    # The distances are not Euclidean ones, so that scaling keeps them nearly.
    np.testing.assert_allclose(between, wanted, atol=0.15 * wanted.max())


def test_turned_and_mirrored_neurons_have_the_same_coordinates(store):
    x = places(forest(8)).astype(np.float32)
    fit = fitted(model, store(x), 6, ALL)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    one, other = (model.embed(fit, store(each.astype(np.float32)), CPU) for each in (x, x @ turn))
    np.testing.assert_allclose(other, one, atol=0.02 * np.abs(one).max())


def test_landmarks_are_training_neurons_and_few_where_few_are_asked_for(store):
    x = places(forest(10)).astype(np.float32)
    fit = fitted(model, store(x), 6, {"landmarks": 4, "variance": 1.0})
    landmarks = fit.state["points"].numpy()
    assert len(landmarks) == 4
    assert all((landmark == x[:6]).all(axis=(1, 2)).any() for landmark in landmarks)
    assert model.embed(fit, store(x), CPU).shape == (10, fit.facts["components"])


def test_another_number_of_points_and_equal_landmarks_are_errors(store):
    x = places(forest(5)).astype(np.float32)
    with pytest.raises(InputError, match=r"10 points and the landmarks 12"):
        model.embed(fitted(model, store(x), 5, ALL), store(x[:, :10]), CPU)
    with pytest.raises(InputError, match="the same neuron"):
        fitted(model, store(x[[0, 0, 0]]), 3, ALL)
