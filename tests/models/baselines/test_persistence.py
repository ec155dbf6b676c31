"""The baseline of persistence images: what an image holds, and what it does not depend on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.forest import Forest, concatenate, single
from morphoflow.model import read_model, write_model
from morphoflow.models.baselines import persistence
from morphoflow.neurons.samples.barcodes import NAMES, barcodes
from small_baselines import CPU, fitted, forest
from synthetic_neurons import random_binary_tree

GRID = {"extent": (-4.0, 24.0), "bins": 16, "sigma": 0.9}


def inner_bars(m: int = 30) -> np.ndarray:
    return np.random.default_rng(0).uniform(2, 18, size=(m, 2)).astype(np.float32)


def bars(store, of: Forest):
    x, length = barcodes(of)
    return store(x, length=length, names=NAMES)


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


def test_a_model_that_was_written_and_read_embeds_the_same(store, tmp_path):
    samples = bars(store, forest())
    model = fitted(persistence, samples, 7, settings("persistence", "path"))
    write_model(tmp_path / "model.pt", model)
    again = persistence.embed(read_model(tmp_path / "model.pt"), samples, CPU)
    assert again.dtype == np.float32
    assert again.tobytes() == persistence.embed(model, samples, CPU).tobytes()
