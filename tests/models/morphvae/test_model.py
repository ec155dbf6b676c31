"""MorphVAE: batches, what its embedding and gradient do not depend on, lengths of walks."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from morphoflow.models.morphvae import model as morphvae
from morphoflow.models.morphvae import walks as morphvae_walks
from morphoflow.models.morphvae.learner import length_loss, reconstruction_loss
from morphoflow.models.morphvae.network import decoded_length
from morphoflow.models.morphvae.recurrent import LSTM
from morphoflow.models.morphvae.walks import distinct_walks, make_batch, passes, walk_table
from morphoflow.training.fabric import make_fabric
from plain_training import PLAIN, train
from small_morphvae import CERTAIN, CPU, STEPS, as_model, build, decoded_walks, walks


def gradient(learner) -> torch.Tensor:
    learner.settings["clip"] = 1e9
    learner.step(torch.arange(learner.n_train), torch.Generator().manual_seed(0), PLAIN)
    return torch.cat([p.grad.flatten() for p in learner.network.parameters()])


def test_equal_walks_are_found_whatever_is_in_the_padding():
    x = np.arange(4 * 3 * 3, dtype=np.float32).reshape(4, 3, 3)
    length = np.array([2, 3, 2, 2])
    x[2, :2] = x[0, :2]
    x[0, 2], x[2, 2] = np.nan, 7
    x[3] = x[1]
    first, count, place = distinct_walks(x, length)
    assert first.tolist() == [0, 1, 3] and count.tolist() == [2, 1, 1]
    assert place.tolist() == [0, 1, 0, 2], "an equal start alone does not make walks equal"


def test_a_batch_holds_every_real_node_once_with_its_weight():
    samples, _ = walks()
    table = walk_table(samples.x, samples.length, 2.0, CPU)
    batch = make_batch(table, torch.tensor([4, 1]), torch.tensor([1.0, 3.0]))
    total = sum(
        (node[:, k] * batch.weight[k]).double()
        for node in batch.steps
        for k in range(node.shape[1])
    )
    expected = samples.x[4].sum(axis=(0, 1)) / 2 + 3 * samples.x[1].sum(axis=(0, 1)) / 2
    np.testing.assert_allclose(total, expected, rtol=1e-5)
    assert batch.neuron_sum(batch.weight).tolist() == [10, 10]
    assert batch.weight.numel() < 20 and sum(batch.counts) == int(batch.length.sum())


@pytest.mark.parametrize("packed", [True, False])
def test_passes_keep_every_neuron_once_and_in_order(monkeypatch, packed):
    samples, _ = walks()
    table = replace(walk_table(samples.x, samples.length, 1.0, CPU), packed=packed)
    rows = torch.tensor([5, 0, 7, 3, 2])
    assert len(passes(table, rows)) == 1
    for limit, n_parts in ((20, (2, 3)), (1, (5,))):
        monkeypatch.setattr(morphvae_walks, "PACKED_WALKS", limit)
        monkeypatch.setattr(morphvae_walks, "UNPACKED_WALKS", limit)
        parts = passes(table, rows)
        assert len(parts) in n_parts and torch.equal(torch.cat(parts), rows)


@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
def test_embedding_ignores_order_of_walks_padding_and_company(pooling):
    samples, _ = walks()
    model = as_model(build(pooling=pooling))
    z = morphvae.embed(model, samples, CPU)
    assert z.shape == (12, 4) and z.dtype == np.float32 and np.ptp(z, axis=0).min() > 1e-4
    rng = np.random.default_rng(1)
    order = rng.permutation(10)
    shuffled = SimpleNamespace(x=samples.x[:, order], length=samples.length[:, order])
    np.testing.assert_allclose(morphvae.embed(model, shuffled, CPU), z, atol=1e-6)
    noisy = samples.x.copy()
    noisy[np.arange(STEPS) >= samples.length[..., None]] = np.nan
    padded = SimpleNamespace(x=noisy, length=samples.length)
    assert np.array_equal(morphvae.embed(model, padded, CPU), z)
    alone = [SimpleNamespace(x=samples.x[[k]], length=samples.length[[k]]) for k in range(12)]
    z_alone = np.concatenate([morphvae.embed(model, one, CPU) for one in alone])
    np.testing.assert_allclose(z_alone, z, atol=1e-6)


@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
def test_embedding_of_repeated_walks_is_the_same(pooling):
    samples, _ = walks()
    model = as_model(build(pooling=pooling))
    twice = [np.concatenate([part, part], axis=1) for part in (samples.x, samples.length)]
    twice = SimpleNamespace(x=twice[0], length=twice[1])
    z = morphvae.embed(model, samples, CPU)
    np.testing.assert_allclose(morphvae.embed(model, twice, CPU), z, atol=1e-6)


def test_published_fault_random_embedding():
    """The embedding is the pooled mean direction: a unit vector for a single walk, never drawn."""
    samples, _ = walks()
    one = SimpleNamespace(x=samples.x[:, :1], length=samples.length[:, :1])
    model = as_model(build(kappa=1.0))
    z = morphvae.embed(model, one, CPU)
    assert np.array_equal(morphvae.embed(model, one, CPU), z)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-6)


def test_each_walk_is_read_alone_from_its_end_to_the_soma():
    learner = build()
    network, table = learner.network.eval(), learner.train.walks
    batch = make_batch(table, torch.arange(4))
    encoded = batch.by_place(network.encode(batch))
    for neuron, place in ((0, 0), (1, 3), (3, 2)):
        nodes = table.x[neuron, place, : table.length[neuron, place]].T
        state = [(torch.zeros(8, 1), torch.zeros(8, 1))] * 2
        for node in nodes.flip(1).split(1, dim=1):
            state = network.encoder.step(network.encoder_input(node), state, [None])
        alone = network.to_latent(torch.cat([part for pair in state for part in pair]))
        torch.testing.assert_close(encoded[:, neuron, place], alone[:, 0])


@pytest.mark.parametrize(
    "changes", [{}, {"pooling": "mean"}, {"pooling": "attention"}, {"norm_weight": 0.1}]
)
def test_gradient_of_parts_equals_that_of_the_whole(monkeypatch, changes):
    whole = gradient(build(**CERTAIN, **changes))
    monkeypatch.setattr(morphvae_walks, "PACKED_WALKS", 12)
    parts = gradient(build(**CERTAIN, **changes))
    assert whole.norm() > 0.1
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-5)


def test_unpacked_batches_as_used_on_a_gpu_give_the_same_gradient():
    learner = build(**CERTAIN)
    packed = gradient(learner)
    unpacked = build(**CERTAIN)
    unpacked.train = replace(unpacked.train, walks=replace(unpacked.train.walks, packed=False))
    torch.testing.assert_close(gradient(unpacked), packed, atol=1e-5, rtol=1e-5)


def test_all_steps_at_once_give_what_one_after_another_do():
    """Outputs, states and gradients of LSTMs whose items begin at different steps."""
    steps, n, generator = 5, 7, torch.Generator().manual_seed(0)
    lstm = LSTM(3, 4, 2, generator)
    x = torch.randn(steps, n, 3, generator=generator)
    mask = (torch.rand(steps, n, 4, generator=generator) < 0.8) / 0.8
    idle = torch.arange(steps)[:, None] < torch.arange(n) % steps
    results = []
    for at_once in (False, True):
        lstm.zero_grad()
        if at_once:
            state = lstm.read(x, idle, [mask])
        else:
            state = [(torch.zeros(4, n), torch.zeros(4, n))] * 2
            for step in range(steps):
                state = lstm.step(x[step].T, state, [mask[step].T])
                state = [(h * ~idle[step], c * ~idle[step]) for h, c in state]
        whole = torch.cat([part for pair in state for part in pair])
        whole.square().sum().backward()
        results.append([whole.detach(), *(each.grad.clone() for each in lstm.parameters())])
    torch.testing.assert_close(results[1], results[0], atol=1e-6, rtol=1e-5)


def test_an_item_that_is_idle_to_the_end_has_no_state():
    lstm = LSTM(3, 4, 2, torch.Generator().manual_seed(0))
    idle = torch.ones(5, 2, dtype=torch.bool)
    for pair in lstm.read(torch.full((5, 2, 3), 100.0), idle, [None]):
        assert all((part == 0).all() for part in pair)


def test_equal_walks_count_as_often_as_they_occur():
    """Walks that differ by less than a millionth are computed one by one, to the same gradient."""
    samples, objects = walks()
    noise = np.random.default_rng(0).normal(0, 1e-6, samples.x.shape).astype(np.float32)
    apart = SimpleNamespace(x=samples.x + noise, length=samples.length, ids=samples.ids)
    merged, single = (build(of, objects, **CERTAIN) for of in (samples, apart))
    n_merged, n_single = (int(of.train.walks.n_walks.sum()) for of in (merged, single))
    # Walks of one node alone stay equal: they all end at the soma.
    assert n_merged < n_single
    torch.testing.assert_close(gradient(single), gradient(merged), atol=1e-4, rtol=1e-4)


def test_two_runs_with_one_seed_are_equal_and_another_seed_differs():
    states = []
    for seed in (0, 0, 1):
        learner = build(seed=seed)
        train(learner, 2, seed)
        states.append(torch.cat([p.flatten() for p in learner.network.parameters()]))
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


def test_mixed_precision_is_close_to_full():
    fabric = make_fabric(gpus=0, precision="bf16-mixed", threads=1)
    mixed, full = build(**CERTAIN), build(**CERTAIN)
    rows, generator = torch.arange(mixed.n_train), torch.Generator().manual_seed(0)
    loss = mixed.step(rows, generator, fabric)["loss"]
    expected = full.step(rows, generator, PLAIN)["loss"]
    assert loss != expected
    torch.testing.assert_close(loss, expected, rtol=0.02, atol=0)


def test_published_fault_padding_in_the_loss():
    """Losses are those of the real nodes, by hand, whatever is predicted elsewhere."""
    x = np.zeros((1, 2, 4, 3), np.float32)
    x[0, 0, 1] = [3, 0, 0]
    length = np.array([[2, 1]])
    batch = make_batch(walk_table(x, length, 1.0, CPU), torch.tensor([0]))
    counts = batch.counts[:-1]
    following = [torch.full((3, n), 5.0) for n in counts]
    following[0][:, 0] = torch.tensor([3.0, 6.0, 0.0])
    assert reconstruction_loss(batch, following).item() == pytest.approx(36 / 3)
    ends = [torch.tensor([-20.0, 20.0]), torch.tensor([20.0]), torch.zeros(0)]
    assert length_loss(batch, ends).item() < 1e-6
    ends[1] = torch.tensor([0.0])
    assert length_loss(batch, ends).item() == pytest.approx(np.log(2) / 3, rel=1e-5)
    nothing = replace(walk_table(x, length, 1.0, CPU), packed=False)
    batch = make_batch(nothing, torch.tensor([0]))
    following = [torch.full((3, 2), 1e3) for _ in range(3)]
    following[0][:, 0] = torch.tensor([3.0, 6.0, 0.0])
    assert reconstruction_loss(batch, following).item() == pytest.approx(36 / 3)


def test_published_fault_length_never_predicted():
    samples, objects = walks(length=4)
    learner = build(samples, objects, length_weight=1, learning_rate=0.03)
    train(learner, 50)
    x, length = decoded_walks(as_model(learner), samples.x, samples.length)
    assert (length == 4).mean() > 0.95
    assert x.shape == samples.x.shape and not x[:, :, 4:][length == 4].any()


def test_a_walk_that_was_cut_off_has_no_end():
    """At the last step nothing is decided: walks of full length are decoded to full length."""
    samples, objects = walks(length=STEPS)
    learner = build(samples, objects, length_weight=1)
    train(learner, 20)
    assert (decoded_walks(as_model(learner), samples.x, samples.length)[1] == STEPS).all()


def test_a_walk_ends_at_the_median_of_its_length():
    """Ends of probability 0.3 at each node add up: after two nodes more walks have ended than not.

    Survival is 0.7, 0.49 in the first column; in the others the first or no node is an end.
    """
    logit = float(np.log(0.3 / 0.7))
    ends = [torch.tensor([logit, 9.0, -9.0]) for _ in range(4)]
    assert decoded_length(ends).tolist() == [2, 1, 5]


def test_length_loss_of_a_walk_that_was_cut_off():
    """It has as many decisions as there are steps but one, none of them an end."""
    samples = np.zeros((1, 1, 4, 3), np.float32), np.array([[4]])
    batch = make_batch(walk_table(*samples, 1.0, CPU), torch.tensor([0]))
    ends = [torch.tensor([0.0]), torch.tensor([-30.0]), torch.tensor([0.0])]
    assert length_loss(batch, ends).item() == pytest.approx(2 * np.log(2) / 3, rel=1e-5)
