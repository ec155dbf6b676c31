"""Laws of new neurons from a model of walks, and of the numbers that say how real they are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import model_of, settings
from morphoflow.errors import CannotAnalyse, InputError
from morphoflow.figures.generated_neurons import plot_generated_neurons
from morphoflow.forest import concatenate, single
from morphoflow.models.morphvae.draws import class_draw, moved_towards, with_noise
from morphoflow.models.morphvae.latents import decode_latents, walk_latents
from morphoflow.models.morphvae.model import build
from morphoflow.models.morphvae.trees import make_trees
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.rebuild.realism import (
    Neurons,
    Sets,
    branch_angles,
    child_counts,
    details,
    realism_scores,
    valid,
)
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.store import read_samples, write_samples
from synthetic_neurons import line, small_forest, y_shape

CPU = torch.device("cpu")
WAYS = {
    "reference": {"way": "reference", "kappa": 500, "spread": 0.3},
    "class": {"way": "class", "kappa": None, "spread": 1.0},
}
SHARED = {"number": 2, "seed": 3, "residual": True, "largest_turn_deg": 180}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An untrained network with the walks and the object table of twelve toy neurons."""
    forest, labels = generate_toy_set("three", 4, seed=1)
    x, length = sample_walks(forest, n_walks=24, n_steps=10, children="tips", seed=0)
    path = tmp_path_factory.mktemp("walks") / "walks.zarr"
    axes = ["neuron", "walk", "step", "xyz"]
    write_samples(path, forest.ids, x, axes=axes, units="um", length=length, provenance={})
    splits = ["train", "train", "validation", "test"] * 3
    objects = pd.DataFrame({"id": forest.ids, "label": labels, "split": splits})
    samples = read_samples(path)
    learner = build(samples, objects, settings("morphvae"), 0, CPU)
    state = {name: of.clone() for name, of in learner.state().items()}
    # Its walks would end at the soma.
    state["decoder_output.bias"][3] = -3
    return model_of("morphvae", learner.settings, learner.facts, state), samples, objects


def test_decoded_walks_begin_at_the_soma_and_are_0_beyond_their_length(trained):
    model, samples, _ = trained
    latents = walk_latents(model, samples.x[:], samples.length, CPU)
    nodes, length = decode_latents(model, latents[0], CPU)
    assert not nodes[:, 0].any() and length.min() >= 1 and length.max() <= nodes.shape[1]
    assert all(
        walk[1:n].any() and not walk[n:].any() for walk, n in zip(nodes, length, strict=True)
    )


def test_a_walk_ends_where_it_is_as_likely_to_have_ended_as_not(trained):
    model, _, _ = trained
    z = unit_rows(np.random.default_rng(0), 5, model.settings["latent_size"])
    for hazard, expected in ((0.1, 7), (0.2, 4), (0.6, 1), (0.001, 10)):
        state = {name: of.clone() for name, of in model.state.items()}
        state["decoder_output.weight"][3] = 0
        state["decoder_output.bias"][3] = np.log(hazard / (1 - hazard))
        assert (decode_latents(replace(model, state=state), z, CPU)[1] == expected).all()


@pytest.mark.parametrize("way", WAYS)
def test_generated_neurons_are_valid_and_depend_on_the_seed_alone(trained, way):
    model, samples, objects = trained
    asked = {**SHARED, **WAYS[way]}
    forest, table = make_trees(model, samples, objects, asked, CPU)
    forest.check()
    again, _ = make_trees(model, samples, objects, asked, CPU)
    np.testing.assert_array_equal(forest.xyz, again.xyz)
    fewer, _ = make_trees(model, samples, objects, {**asked, "number": 1}, CPU)
    np.testing.assert_allclose(fewer.neuron(1).xyz, forest.neuron(2).xyz, atol=1e-4)
    other, _ = make_trees(model, samples, objects, {**asked, "seed": 4}, CPU)
    assert other.xyz.shape != forest.xyz.shape or (other.xyz != forest.xyz).any()
    assert table["label"].value_counts().eq(2).all()
    split = objects.set_index("id")["split"]
    assert set(split[table["reference"]]) == {"test" if way == "reference" else "train"}
    label = objects.set_index("id")["label"]
    assert (label[table["reference"]].to_numpy() == table["label"].to_numpy()).all()


def test_a_class_without_neurons_in_a_split_is_named(trained):
    model, samples, objects = trained
    moved = objects.assign(split=objects["split"].replace("test", "train"))
    with pytest.raises(InputError, match="test"):
        make_trees(model, samples, moved, {**SHARED, **WAYS["reference"]}, CPU)


def unit_rows(rng, n, d=6):
    z = rng.normal(size=(n, d)) + 1
    return (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)


def test_moving_begins_at_one_cloud_and_ends_at_the_other():
    rng = np.random.default_rng(0)
    z, other = (
        rng.normal(size=(4000, 4)),
        3 + 0.5 * rng.normal(size=(5000, 4)) @ np.diag([1, 2, 3, 4]),
    )
    np.testing.assert_allclose(moved_towards(z, other, 0.0, "gaussian"), z, atol=1e-6)
    moved = moved_towards(z, other, 1.0, "gaussian")
    np.testing.assert_allclose(moved.mean(axis=0), other.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(other.T), atol=0.35)
    np.testing.assert_allclose(moved_towards(z, z, 0.5, "gaussian"), z, atol=1e-5)


def test_walks_that_are_alike_stay_alike():
    rng = np.random.default_rng(1)
    z, other = unit_rows(rng, 30), unit_rows(rng, 20)
    z[1] = z[0]
    moved, (first, second, share) = class_draw([z, other], 1.0, "vmf", rng)
    assert {first, second} == {0, 1}
    assert 0 <= share <= 1
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1, atol=1e-5)
    at_once = moved_towards(z, other, 0.7, "vmf")
    np.testing.assert_array_equal(at_once[0], at_once[1])


@pytest.mark.parametrize("latent", ["vmf", "gaussian"])
def test_noise_shrinks_with_its_concentration(latent):
    z = unit_rows(np.random.default_rng(2), 500)
    gaps = [
        np.linalg.norm(with_noise(z, kappa, latent, torch.Generator().manual_seed(0)) - z, axis=1)
        for kappa in (None, 10_000, 100)
    ]
    assert gaps[0].max() == 0
    assert gaps[1].mean() < 0.2 * gaps[2].mean()


def toy_sets() -> Sets:
    forest, labels = generate_toy_set("three", 20, seed=2)
    rows = np.arange(forest.n)
    parts = [rows[rows % 4 == k] for k in (0, 1, 2)]
    return Sets(*(Neurons.of(forest.select(part), labels[part], part) for part in parts))


def by_name(sets: Sets) -> dict[str, float]:
    rows = realism_scores(sets, details(sets), repeats=20, seed=0)
    return {row["score"]: row["value"] for row in rows}


def test_copies_and_other_neurons_are_told_from_real_ones():
    sets = toy_sets()
    real = by_name(sets)
    copies = by_name(Sets(sets.train, sets.train, sets.held_out))
    assert copies["nearest_train_ratio"] == 0
    assert copies["morphometric_error_real"] == pytest.approx(real["morphometric_error_real"])
    held_out = by_name(Sets(sets.held_out, sets.train, sets.held_out))
    assert held_out["nearest_train_ratio"] == 1
    assert held_out["branch_angle_distance_deg"] == 0
    assert held_out["two_sample_accuracy"] < 0.1
    made = sets.generated.forest
    wide = replace(made, xyz=2 * made.xyz)
    copies = Neurons.of(wide, sets.generated.labels, np.arange(len(sets.generated)))
    wider = by_name(Sets(copies, sets.train, sets.held_out))
    assert wider["two_sample_accuracy"] == 1
    assert wider["morphometric_error"] > 5 * real["morphometric_error"]
    assert wider["branch_angle_distance_deg"] == pytest.approx(real["branch_angle_distance_deg"])
    assert real["valid_share"] == wider["valid_share"] == 1


def test_without_neurons_in_the_test_split_nothing_is_compared():
    sets, nobody = toy_sets(), np.arange(0)
    none = Neurons.of(sets.train.forest.select(nobody), sets.train.labels[nobody], nobody)
    with pytest.raises(CannotAnalyse, match="in the test split"):
        details(Sets(sets.generated, sets.train, none))


def test_faulty_trees_are_not_valid():
    good = y_shape()
    star = single("star", np.arange(15).reshape(5, 3) - np.arange(3), np.array([-1, 0, 1, 1, 1]))
    point = single("point", np.zeros((1, 3)), np.array([-1]))
    flat = single("flat", np.zeros((2, 3)), np.array([-1, 0]))
    lost = single("lost", np.arange(9).reshape(3, 3) - np.arange(3), np.array([-1, 2, 1]))
    nan = single("nan", np.array([[0, 0, 0], [np.nan, 0, 0]]), np.array([-1, 0]))
    forest = concatenate([good, star, point, flat, lost, nan, line()])
    assert valid(forest, 2).tolist() == [True, False, False, False, False, False, True]
    assert valid(forest, 3).tolist() == [True, True, False, False, False, False, True]


def test_angles_and_children_are_those_of_the_branch_points():
    assert branch_angles(y_shape()).round(3).tolist() == [180.0]
    assert child_counts(y_shape()).tolist() == [2]
    assert child_counts(line()).tolist() == []


def test_real_and_generated_neurons_are_drawn():
    forest = small_forest(6)
    figure = plot_generated_neurons(forest, ["a", "b"] * 3, forest, ["a", "a", "a", "b", "b", "c"])
    assert len(figure.axes) == 5
    drawn = [len(axes.lines) for axes in figure.axes]
    assert drawn == [7, 7, 7, 5, 3]
