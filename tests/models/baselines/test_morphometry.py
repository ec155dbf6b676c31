"""The baseline of morphometrics: standardised by training neurons, all or those chosen."""

import numpy as np
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.model import read_model, write_model
from morphoflow.models.baselines import morphometry
from morphoflow.neurons.morphometrics.table import morphometrics
from small_baselines import CPU, fitted, forest, objects

MORPHOMETRY = settings("morphometry")


def test_a_feature_that_is_constant_in_training_is_0_for_all(store):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    x[:6, 1] = 0.1
    samples = store(x, names=["a", "b", "c"])
    embedding = morphometry.embed(fitted(morphometry, samples, 6, MORPHOMETRY), samples, CPU)
    assert (embedding[:, 1] == 0).all() and (embedding[:, [0, 2]] != 0).all()


def test_morphometry_is_fitted_on_training_objects_alone(store):
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    changed = x.copy()
    changed[5:] *= 100
    names = list("abcd")
    state = [
        morphometry.fit(store(v, names=names), objects(9, 5), MORPHOMETRY, 0)[1]
        for v in (x, changed)
    ]
    assert all(torch.equal(state[0][key], state[1][key]) for key in state[0])


def test_units_of_the_features_do_not_matter_to_morphometry(store):
    x = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    embeddings = []
    for values in (x, x * np.float32([1e3, 0.5, 1]) + np.float32([0, 7, 0])):
        samples = store(values, names=list("abc"))
        model = fitted(morphometry, samples, 9, MORPHOMETRY)
        embeddings.append(morphometry.embed(model, samples, CPU))
    assert embeddings[0].dtype == np.float32
    assert np.allclose(*embeddings, atol=1e-4)


def test_other_morphometrics_than_the_fitted_ones_are_an_error_that_names_them(store):
    x = np.ones((4, 2), dtype=np.float32)
    model = fitted(morphometry, store(x, names=["n_tips", "n_stems"]), 4, MORPHOMETRY)
    with pytest.raises(InputError, match=r"n_stems.*measure the neurons anew"):
        morphometry.embed(model, store(x, names=["n_tips", "depth_um"]), CPU)
    with pytest.raises(InputError, match="their order"):
        morphometry.embed(model, store(x, names=["n_stems", "n_tips"]), CPU)


def test_the_tip_count_is_the_number_of_tips_and_nothing_else(store):
    neurons = forest()
    x, names = morphometrics(neurons)
    model = fitted(morphometry, store(x, names=names), 12, settings("morphometry", "tip_count"))
    embedding = morphometry.embed(model, store(x, names=names), CPU)
    assert embedding.shape == (12, 1)
    has_child = np.isin(np.arange(len(neurons.parent)), neurons.parent_row)
    tips = np.bincount(neurons.owner[~has_child], minlength=12)
    mean, weight = (model.state[key].numpy() for key in ("mean", "weight"))
    assert np.allclose(embedding[:, 0] / weight + mean, tips, atol=1e-4)


def test_chosen_measures_are_the_same_columns_of_all_in_the_order_of_the_settings(store):
    x, names = morphometrics(forest())
    samples = store(x, names=names)
    full = morphometry.embed(fitted(morphometry, samples, 8, settings("morphometry")), samples, CPU)
    chosen = [names[7], names[2], names[20]]
    some = fitted(morphometry, samples, 8, {"measures": chosen})
    assert full.shape == x.shape
    assert (morphometry.embed(some, samples, CPU) == full[:, [7, 2, 20]]).all()


def test_an_unknown_measure_is_an_error_that_names_near_ones(store):
    x, names = morphometrics(forest())
    with pytest.raises(InputError, match=r"'n_tip';.*n_tips"):
        fitted(morphometry, store(x, names=names), 8, {"measures": ["n_tip"]})
    with pytest.raises(InputError, match=r"'zzz';.*cable_length_um"):
        fitted(morphometry, store(x, names=names), 8, {"measures": ["n_tips", "zzz"]})


def test_a_model_that_was_written_and_read_embeds_the_same(store, tmp_path):
    x = np.random.default_rng(0).gamma(0.3, size=(20, 6)).astype(np.float32)
    samples = store(x, names=list("abcdef"))
    model = fitted(morphometry, samples, 15, MORPHOMETRY)
    write_model(tmp_path / "model.pt", model)
    again = morphometry.embed(read_model(tmp_path / "model.pt"), samples, CPU)
    assert again.dtype == np.float32
    assert again.tobytes() == morphometry.embed(model, samples, CPU).tobytes()
