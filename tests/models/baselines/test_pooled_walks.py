"""The baseline of pooled walks: the largest coordinates at each step, and no more."""

import numpy as np
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.model import read_model, write_model
from morphoflow.models.baselines import pooled_walks
from morphoflow.neurons.samples.walks import sample_walks
from small_baselines import CPU, fitted, forest


def walks(n: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return sample_walks(forest(n, seed), n_walks=16, n_steps=6, children="tips", seed=0)


def padded(x: np.ndarray, length: np.ndarray, value: float) -> np.ndarray:
    return np.where(np.arange(x.shape[2])[:, None] < length[:, :, None, None], x, np.float32(value))


def test_pooled_walks_are_the_largest_coordinates_at_each_step():
    x = np.float32([[[[0, 0, 0], [-1, 2, 5]], [[0, 0, 0], [-3, 4, 1]]]])
    assert pooled_walks.pool(x, np.array([[2, 2]])).tolist() == [[0, 0, 0, -1, 4, 5]]
    # The second walk ends in the soma; a step that no walk reaches has the soma's coordinates.
    assert pooled_walks.pool(x, np.array([[2, 1]])).tolist() == [[0, 0, 0, -1, 2, 5]]
    assert pooled_walks.pool(x, np.array([[1, 1]])).tolist() == [[0] * 6]


def test_pooled_walks_do_not_see_the_order_of_walks_nor_how_often_one_occurs():
    x, length = walks()
    order = np.random.default_rng(0).permutation(16)
    pooled = pooled_walks.pool(x, length)
    assert (pooled_walks.pool(x[:, order], length[:, order]) == pooled).all()
    twice = np.concatenate([x, x[:, :5]], 1), np.concatenate([length, length[:, :5]], 1)
    assert (pooled_walks.pool(*twice) == pooled).all()


def test_pooled_walks_do_not_see_what_stands_beyond_the_length():
    x, length = walks()
    assert (length < 6).any()
    pooled = pooled_walks.pool(padded(x, length, 0), length)
    for value in (1e6, -1e6, np.nan):
        assert (pooled_walks.pool(padded(x, length, value), length) == pooled).all()


def test_pooled_walks_are_standardised_by_the_training_neurons_alone(store):
    x, length = walks()
    samples = store(x, length=length)
    model = fitted(pooled_walks, samples, 7, {})
    embedding = pooled_walks.embed(model, samples, CPU)
    assert embedding.shape == (10, 18) and embedding.dtype == np.float32
    assert np.allclose(embedding[:7].mean(axis=0), 0, atol=1e-6)
    sd = embedding[:7].std(axis=0)
    assert (embedding[:, :3] == 0).all() and np.allclose(sd[sd > 0], 1, atol=1e-5) and sd.any()
    x[7:] *= 9
    changed = fitted(pooled_walks, store(x, length=length), 7, {})
    assert all(torch.equal(changed.state[key], model.state[key]) for key in model.state)


def test_pooled_walks_embed_in_pieces_as_in_one(store, monkeypatch):
    x, length = walks()
    samples = store(x, length=length)
    model = fitted(pooled_walks, samples, 7, {})
    whole = pooled_walks.embed(model, samples, CPU)
    monkeypatch.setattr(pooled_walks, "BLOCK", 3)
    assert (pooled_walks.embed(model, samples, CPU) == whole).all()


def test_walks_with_other_steps_are_an_error_that_names_both(store):
    x, length = walks()
    model = fitted(pooled_walks, store(x, length=length), 7, {})
    with pytest.raises(InputError, match=r"5 steps.*fitted on 6.*same steps"):
        pooled_walks.embed(model, store(x[:, :, :5], length=np.minimum(length, 5)), CPU)


def test_a_model_that_was_written_and_read_embeds_the_same(store, tmp_path):
    x, length = walks()
    samples = store(x, length=length)
    model = fitted(pooled_walks, samples, 7, settings("pooled_walks"))
    write_model(tmp_path / "model.pt", model)
    again = pooled_walks.embed(read_model(tmp_path / "model.pt"), samples, CPU)
    assert again.dtype == np.float32
    assert again.tobytes() == pooled_walks.embed(model, samples, CPU).tobytes()
