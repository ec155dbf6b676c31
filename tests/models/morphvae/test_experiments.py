"""What MorphVAE's experiments vary: pooling by attention, fewer neurons, fewer, shorter walks."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from morphoflow.errors import InputError
from morphoflow.models.morphvae import model as morphvae
from morphoflow.models.morphvae.selection import kept_walks, training_subset
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.store import Samples
from morphvae_toys import CPU, as_model, build, decoded_walks, settings, walks
from plain_training import train


def attentive(**changes):
    """A trained model whose walks have unequal weights."""
    learner = build(pooling="attention", **changes)
    train(learner, 3)
    with torch.no_grad():
        learner.network.attention.outer.weight.normal_(0, 3, generator=torch.manual_seed(0))
    return learner


def test_attention_is_the_mean_until_labels_teach_it():
    samples, _ = walks()
    pooled = [
        morphvae.embed(as_model(build(pooling=pooling, label_fraction=0)), samples, CPU)
        for pooling in ("attention", "mean", "max")
    ]
    np.testing.assert_array_equal(pooled[0], pooled[1])
    assert np.abs(pooled[1] - pooled[2]).max() > 0.01
    learner = build(pooling="attention", dropout=0.0)
    before = learner.network.attention.outer.weight.clone()
    assert (before == 0).all()
    train(learner, 2)
    assert (learner.network.attention.outer.weight != before).any()


def test_attention_weighs_walks_whatever_their_order_and_repetition():
    samples, _ = walks()
    model = as_model(attentive())
    z = morphvae.embed(model, samples, CPU)
    order = np.random.default_rng(1).permutation(10)
    twice = np.concatenate([order, order])
    for chosen in (order, twice):
        other = Samples(samples.x[:, chosen], samples.ids, samples.length[:, chosen], *[None] * 3)
        np.testing.assert_allclose(morphvae.embed(model, other, CPU), z, atol=1e-6)
    equal = {k: v for k, v in model.state.items() if not k.startswith("attention.outer.weight")}
    equal["attention.outer.weight"] = torch.zeros(1, 4)
    plain = morphvae.embed(replace(model, state=equal), samples, CPU)
    assert np.abs(plain - z).max() > 0.01, "unequal weights change the embedding"


def test_fine_tuning_may_begin_to_attend():
    learner = build(pooling="attention")
    learner.start_from(build(pooling="max", seed=1).state())


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
    part = settings(walks=6, walk_steps=4)
    one = morphvae.build(samples, objects, part, 0, CPU)
    other = morphvae.build(short, objects, settings(), 0, CPU)
    for learner in (one, other):
        train(learner, 1)
    z = morphvae.embed(as_model(one), samples, CPU)
    np.testing.assert_array_equal(z, morphvae.embed(as_model(other), short, CPU))
    assert one.facts == other.facts and one.facts["steps"] == 4
    assert decoded_walks(as_model(one), short.x, short.length)[0].shape == (12, 6, 4, 3)
