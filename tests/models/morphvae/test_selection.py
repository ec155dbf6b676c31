"""Fewer neurons and fewer, shorter walks to train MorphVAE on."""

from itertools import pairwise

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.models.morphvae import model as morphvae
from morphoflow.models.morphvae.selection import kept_walks, training_subset
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.store import Samples
from plain_training import train
from small_morphvae import CPU, as_model, build, decoded_walks, walks


def test_subsets_are_nested_and_keep_the_shares_of_classes():
    rng = np.random.default_rng(0)
    ids = np.array([f"n{k:03d}" for k in range(90)])
    numbers = np.repeat([0, 1], [60, 30])

    def subset(wanted, order=slice(None)):
        generator = np.random.default_rng(3)
        return set(ids[order][training_subset(ids[order], numbers[order], wanted, generator)])

    sizes = (3, 30, 31, 89, 90)
    parts = [subset(size) for size in sizes]
    assert [len(part) for part in parts] == list(sizes)
    assert all(small < large for small, large in pairwise(parts))
    assert len(parts[1] & set(ids[:60])) == 20
    assert subset(30, rng.permutation(90)) == parts[1]
    with pytest.raises(InputError, match=r"`training_neurons` is 91.* has 90"):
        subset(91)


def test_training_sees_the_subset_alone():
    learner = build(training_neurons=4)
    assert len(learner.train.labels) == learner.n_train == 4
    assert sorted(learner.train.labels.tolist()) == [0, 0, 1, 1]
    assert len(learner.validation.labels) == len(build().validation.labels)


def test_kept_walks_are_those_that_would_have_been_sampled():
    forest, _ = generate_toy_set("three", 2, 0)
    how = {"children": "uniform", "seed": 5}
    x, length = sample_walks(forest, n_walks=12, n_steps=9, **how)
    few, few_length = sample_walks(forest, n_walks=5, n_steps=4, **how)
    samples = Samples(x, forest.ids, length, *[None] * 3)
    kept = kept_walks(samples, {"walks": 5, "walk_steps": 4})
    np.testing.assert_array_equal(kept.x, few)
    np.testing.assert_array_equal(kept.length, few_length)
    assert kept_walks(samples, {"walks": None, "walk_steps": None}) is samples
    with pytest.raises(InputError, match=r"`walk_steps` is 10, but only 9"):
        kept_walks(samples, {"walks": None, "walk_steps": 10})


def test_a_model_of_fewer_and_shorter_walks_is_that_of_such_samples():
    made, objects = walks()
    samples = Samples(made.x, made.ids, made.length, *[None] * 3)
    short = kept_walks(samples, {"walks": 6, "walk_steps": 4})
    one = build(samples, objects, walks=6, walk_steps=4)
    other = build(short, objects)
    for learner in (one, other):
        train(learner, 1)
    z = morphvae.embed(as_model(one), samples, CPU)
    np.testing.assert_array_equal(z, morphvae.embed(as_model(other), short, CPU))
    assert one.facts == other.facts and one.facts["steps"] == 4
    assert decoded_walks(as_model(one), short.x, short.length)[0].shape == (12, 6, 4, 3)
