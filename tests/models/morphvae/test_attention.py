"""MorphVAE's pooling by attention: a mean until labels teach it, and no more than weights."""

from dataclasses import replace

import numpy as np
import torch

from morphoflow.models.morphvae import model as morphvae
from morphoflow.store import Samples
from plain_training import train
from small_morphvae import CPU, as_model, build, walks


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
