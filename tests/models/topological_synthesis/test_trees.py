"""Laws of neurons that are grown from barcodes."""

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import model_of
from morphoflow.errors import InputError
from morphoflow.models.topological_synthesis.cable import Sections, bent, joined
from morphoflow.models.topological_synthesis.model import embed, fit
from morphoflow.models.topological_synthesis.pool import turned, unit
from morphoflow.models.topological_synthesis.trees import make_trees
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.rebuild.realism import valid
from morphoflow.neurons.samples.sections import NAMES, sections
from morphoflow.store import Samples

CPU = torch.device("cpu")
ASKED = {"number": 3, "seed": 5}


def samples_of(forest):
    x, length = sections(forest)
    return Samples(x, forest.ids, length, names=NAMES, attributes={"resample_um": 0})


@pytest.fixture(scope="module")
def fitted():
    forest, labels = generate_toy_set("three", 5, seed=1)
    samples = samples_of(forest)
    split = ["train", "train", "train", "validation", "test"] * 3
    objects = pd.DataFrame({"id": forest.ids, "label": labels, "split": split})
    facts, state = fit(samples, objects, {}, 0)
    return forest, model_of("topological_synthesis", {}, facts, state), samples, objects


def test_new_neurons_are_sound_and_depend_on_the_seed_alone(fitted):
    _, model, samples, objects = fitted
    forest, table = make_trees(model, samples, objects, ASKED, CPU)
    forest.check()
    assert valid(forest, 100).all()
    again, _ = make_trees(model, samples, objects, ASKED, CPU)
    np.testing.assert_array_equal(forest.xyz, again.xyz)
    fewer, _ = make_trees(model, samples, objects, {**ASKED, "number": 1}, CPU)
    np.testing.assert_array_equal(fewer.neuron(1).xyz, forest.neuron(3).xyz)
    other, _ = make_trees(model, samples, objects, {**ASKED, "seed": 6}, CPU)
    assert other.xyz.shape != forest.xyz.shape or (other.xyz != forest.xyz).any()
    known = objects.set_index("id").loc[table["reference"]]
    assert (known["split"] == "train").all()
    assert (known["label"].to_numpy() == table["label"].to_numpy()).all()


def test_new_neurons_have_the_stems_of_their_reference_and_about_its_size(fitted):
    real, model, samples, objects = fitted
    made, table = make_trees(model, samples, objects, ASKED, CPU)
    x, names = morphometrics(made)
    own = morphometrics(real)[0][[list(real.ids).index(i) for i in table["reference"]]]
    stems, cable = names.index("n_stems"), names.index("cable_length_um")
    np.testing.assert_array_equal(x[:, stems], own[:, stems])
    assert 0.7 < np.median(x[:, cable] / own[:, cable]) < 1.4
    assert np.abs(x[:, None] - morphometrics(real)[0]).max(axis=2).min() > 1e-3, "a copy"


def test_a_class_without_training_neurons_is_named(fitted):
    _, model, samples, objects = fitted
    moved = objects.assign(split=objects["split"].where(objects["label"] != "bent", "test"))
    with pytest.raises(InputError, match='"bent" in the training split'):
        make_trees(model, samples, moved, ASKED, CPU)


def test_the_embedding_ignores_turns_of_the_neuron(fitted):
    forest, model, samples, _ = fitted
    x = np.array(samples.x)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    x[..., 2:5] = x[..., 2:5] @ turn
    changed = Samples(x, forest.ids, samples.length, names=NAMES, attributes=samples.attributes)
    z = embed(model, samples, CPU)
    np.testing.assert_allclose(embed(model, changed, CPU), z, atol=1e-5)
    assert np.isfinite(z).all() and z.std(axis=0).max() > 0.5


def turns_of(way):
    return np.arccos(np.clip((way[:, 1:] * way[:, :-1]).sum(axis=2), -1, 1))


@pytest.mark.parametrize("asked_turn", [0.1, 0.2, 0.4])
def test_segments_have_the_contraction_the_turns_and_the_direction_asked_for(asked_turn):
    rng = np.random.default_rng(0)
    steps, asked = np.full(200, 20), np.full(200, 0.9)
    direction = unit(rng.normal(size=(200, 3)))
    way = bent(steps, asked, np.full(200, asked_turn), direction, rng)
    np.testing.assert_allclose(np.linalg.norm(way, axis=2), 1, atol=1e-9)
    straight = way.sum(axis=1)
    np.testing.assert_allclose(unit(straight), direction, atol=1e-9)
    assert np.median(np.linalg.norm(straight, axis=1) / 20) == pytest.approx(0.9, abs=0.005)
    assert np.median(turns_of(way).mean(axis=1)) == pytest.approx(asked_turn, rel=0.05)


def test_bends_that_even_an_arc_would_turn_too_much_for_are_weaker():
    direction = unit(np.random.default_rng(1).normal(size=(50, 3)))
    rng = np.random.default_rng(0)
    way = bent(np.full(50, 3), np.full(50, 0.8), np.full(50, 0.2), direction, rng)
    assert (np.linalg.norm(way.sum(axis=1), axis=1) / 3 > 0.8).all()


def test_sections_leave_as_sharply_as_asked_and_on_either_side():
    rng = np.random.default_rng(2)
    direction = unit(np.array([[0.0, 0, 1], [0.3, 0, 1], [-0.3, 0, 1]]))
    sections = Sections(np.array([-1, 0, 0]), np.ones(3), *np.zeros((2, 3), int), direction)
    steps, asked = np.array([9, 9, 9]), np.radians([0, 25, 30])
    way = bent(steps, np.full(3, 0.9), np.full(3, 0.2), direction, rng)
    out = joined(way, steps, sections, asked)
    np.testing.assert_array_equal(out[0], way[0])
    np.testing.assert_allclose(out.sum(axis=1), way.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(turns_of(out), turns_of(way), atol=1e-6)
    leaving = np.arccos((out[1:, 0] * out[0, -1]).sum(axis=1))
    possible = np.abs(np.arccos((way[1:, 0] * direction[1:]).sum(axis=1)))
    nearest = np.arccos((direction[1:] * out[0, -1]).sum(axis=1))
    want = np.clip(asked[1:], np.abs(nearest - possible), nearest + possible)
    np.testing.assert_allclose(leaving, want, atol=1e-6)


def test_the_smallest_turn_takes_one_direction_to_the_other():
    rng = np.random.default_rng(1)
    start, goal, v = (unit(rng.normal(size=(50, 3))) for _ in range(3))
    np.testing.assert_allclose(turned(start, goal, start), goal, atol=1e-9)
    across = unit(np.cross(start, goal))
    np.testing.assert_allclose(turned(start, goal, across), across, atol=1e-9)
    inner = (turned(start, goal, v) * goal).sum(axis=1)
    np.testing.assert_allclose(inner, (v * start).sum(axis=1), atol=1e-9)
