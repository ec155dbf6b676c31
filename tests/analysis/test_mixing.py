"""Mixing of batches: none, full, and batches that hold other things."""

import numpy as np
import pytest

from morphoflow.analysis.mixing import mixing, mixing_table


def test_batches_dealt_at_random_are_mixed_as_expected():
    rng = np.random.default_rng(0)
    found = mixing(rng.normal(size=(600, 3)), rng.integers(0, 3, 600), np.zeros(600))
    assert found["same_batch"] == pytest.approx(found["expected"], abs=0.02)
    assert found["effective_batches"] > 2.5


def test_batches_that_lie_apart_see_themselves_alone():
    batch = np.repeat([0, 1], 100)
    x = np.random.default_rng(1).normal(size=(200, 2)) + 50 * batch[:, None]
    found = mixing(x, batch, np.zeros(200))
    assert found["same_batch"] == found["effective_batches"] == 1
    assert found["expected"] == pytest.approx(99 / 199)


def test_batches_of_different_conditions_are_not_held_against_an_embedding():
    condition = np.repeat([0, 1], 200)
    rng = np.random.default_rng(2)
    batch = (rng.random(400) < np.where(condition == 0, 0.9, 0.1)).astype(int)
    x = rng.normal(size=(400, 2)) + 50 * condition[:, None]
    found = mixing(x, batch, condition)
    assert found["same_batch"] > 0.75
    assert found["same_batch"] == pytest.approx(found["expected"], abs=0.02)


@pytest.mark.parametrize("batches", [np.zeros(20), np.arange(20)])
def test_one_batch_and_batches_of_one_cannot_be_mixed(batches):
    assert np.isnan(mixing(np.ones((20, 2)), batches, np.zeros(20))["same_batch"])


def test_a_table_of_nothing_has_the_columns_of_every_other():
    x, batches = np.random.default_rng(0).normal(size=(40, 3)), np.array(["a", "b"] * 20)
    row = {"model": "m", "variant": "v", "batch": "plate", **mixing(x, batches, batches)}
    assert list(mixing_table([])) == list(mixing_table([row])) == list(row)
