"""Baselines of neurons: chosen morphometrics, pooled walks, persistence images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.model import Model, read_model, write_model
from morphoflow.models.baselines import morphometry, persistence, pooled_walks
from morphoflow.neurons.forest import Forest, concatenate, single
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.samples.barcodes import NAMES, barcodes
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.store import read_samples, write_samples
from synthetic_neurons import random_binary_tree

CPU = torch.device("cpu")


@pytest.fixture
def store(tmp_path):
    """Write samples as a store and read it back."""

    def make(x: np.ndarray, **more):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.zarr"
        axes = [f"axis{k}" for k in range(x.ndim)]
        ids = [f"n{k}" for k in range(len(x))]
        write_samples(path, ids, x, axes=axes, units="um", provenance={}, **more)
        return read_samples(path)

    return make


def objects(n: int, n_train: int) -> pd.DataFrame:
    split = np.where(np.arange(n) < n_train, "train", "test")
    return pd.DataFrame({"id": [f"n{k}" for k in range(n)], "label": None, "split": split})


def fitted(module, samples, n_train, chosen) -> Model:
    facts, state = module.fit(samples, objects(len(samples.ids), n_train), chosen, 0)
    return Model(module.__name__, chosen, facts, state, {})


def forest(n: int = 12, seed: int = 0) -> Forest:
    rng = np.random.default_rng(seed)
    neurons = [
        random_binary_tree(rng, int(rng.integers(3, 20)), identifier=f"n{k}") for k in range(n)
    ]
    return concatenate(neurons)


def bars(store, of: Forest):
    x, length = barcodes(of)
    return store(x, length=length, names=NAMES)


def walks(n: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return sample_walks(forest(n, seed), n_walks=16, n_steps=6, children="tips", seed=0)


def padded(x: np.ndarray, length: np.ndarray, value: float) -> np.ndarray:
    return np.where(np.arange(x.shape[2])[:, None] < length[:, :, None, None], x, np.float32(value))


# Chosen morphometrics.


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


# Pooled walks.


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


# Persistence images.

GRID = {"extent": (-4.0, 24.0), "bins": 16, "sigma": 0.9}


def inner_bars(m: int = 30) -> np.ndarray:
    return np.random.default_rng(0).uniform(2, 18, size=(m, 2)).astype(np.float32)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_an_image_sums_to_the_weight_of_the_bars_inside(power):
    inside = inner_bars()
    weight = (np.abs(inside[:, 1] - inside[:, 0]).astype(float) ** power).sum()
    image = persistence.persistence_image(inside, power=power, **GRID)
    assert image.shape == (16, 16) and image.sum() == pytest.approx(weight, rel=1e-6)
    outside = np.concatenate([inside, np.float32([[3, 60], [-40, 5]])])
    again = persistence.persistence_image(outside, power=power, **GRID)
    assert np.allclose(again, image, atol=1e-9)


def test_a_bar_is_a_gaussian_about_its_start_and_tip():
    grid = {**GRID, "bins": 280}
    image = persistence.persistence_image(np.float32([[5, 11]]), power=0, **grid)
    place = np.linspace(-4, 24, 281)[:-1] + 0.05
    for axis, middle in ((1, 5), (0, 11)):
        density = image.sum(axis=axis)
        assert (density * place).sum() == pytest.approx(middle, abs=1e-6)
        assert (density * (place - middle) ** 2).sum() == pytest.approx(0.9**2, rel=0.01)


def test_images_add_up_and_no_bars_give_an_empty_one():
    some = inner_bars()
    whole = persistence.persistence_image(some, power=1, **GRID)
    parts = [persistence.persistence_image(part, power=1, **GRID) for part in (some[:9], some[9:])]
    assert np.allclose(parts[0] + parts[1], whole, atol=1e-12)
    assert (persistence.persistence_image(some[:0], power=1, **GRID) == 0).all()


@pytest.mark.parametrize("variant", ["default", "path", "weighted"])
def test_persistence_does_not_change_as_neurons_turn(store, variant):
    neurons = forest()
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turned = replace(neurons, xyz=(neurons.xyz @ turn).astype(np.float32))
    model = fitted(persistence, bars(store, neurons), 9, settings("persistence", variant))
    one, other = (persistence.embed(model, bars(store, of), CPU) for of in (neurons, turned))
    assert one.shape == (12, len(model.facts["explained_variance"])) and one.dtype == np.float32
    assert np.allclose(one, other, atol=1e-3 * np.abs(one).max()) and one.std(axis=0).all()


def test_the_unit_of_length_does_not_matter_to_images_that_count(store):
    neurons, chosen = forest(), settings("persistence")
    large = replace(neurons, xyz=neurons.xyz * np.float32(100))
    scores = []
    for of in (neurons, large):
        model = fitted(persistence, bars(store, of), 9, chosen)
        scores.append(persistence.embed(model, bars(store, of), CPU))
    assert np.allclose(*scores, atol=1e-4)


def test_persistence_is_fitted_on_training_neurons_alone(store):
    neurons, chosen = forest(), settings("persistence")
    xyz = np.where((neurons.owner >= 9)[:, None], neurons.xyz * 7, neurons.xyz)
    changed = replace(neurons, xyz=xyz.astype(np.float32))
    models = [fitted(persistence, bars(store, of), 9, chosen) for of in (neurons, changed)]
    assert models[0].facts == models[1].facts
    assert all(torch.equal(models[0].state[key], models[1].state[key]) for key in models[0].state)
    low, high = models[0].facts["extent_um"]
    reach = np.linalg.norm(neurons.xyz[neurons.owner < 9], axis=1).max()
    assert low < 0 and 1.1 * reach < high < 1.5 * reach


def test_further_neurons_with_more_bars_leave_an_embedding_as_it_is(store):
    neurons = forest()
    model = fitted(persistence, bars(store, neurons), 9, settings("persistence"))
    bushy = random_binary_tree(np.random.default_rng(5), 60, identifier="bushy")
    soma = single("soma", np.zeros((1, 3)), np.array([-1]))
    more = persistence.embed(model, bars(store, concatenate([neurons, bushy, soma])), CPU)
    assert np.allclose(more[:12], persistence.embed(model, bars(store, neurons), CPU), atol=1e-5)
    assert np.isfinite(more).all()


def test_training_neurons_without_any_branch_are_an_error(store):
    somata = [single(f"s{k}", np.zeros((1, 3)), np.array([-1])) for k in range(3)]
    with pytest.raises(InputError, match="leaves the soma"):
        fitted(persistence, bars(store, concatenate(somata)), 3, settings("persistence"))


def test_models_that_were_written_and_read_embed_the_same(store, tmp_path):
    x, length = walks()
    cases = [
        (persistence, bars(store, forest()), settings("persistence", "path")),
        (pooled_walks, store(x, length=length), settings("pooled_walks")),
    ]
    for module, samples, chosen in cases:
        model = fitted(module, samples, 7, chosen)
        write_model(tmp_path / "model.pt", model)
        again = module.embed(read_model(tmp_path / "model.pt"), samples, CPU)
        assert again.tobytes() == module.embed(model, samples, CPU).tobytes()
