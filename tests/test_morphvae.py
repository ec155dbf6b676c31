"""MorphVAE: invariances of the embedding, exact batches, no fault of the published code."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models import morphvae, morphvae_walks
from morphoflow.models.morphvae_labels import UNLABELLED, class_names, class_numbers, seen_labels
from morphoflow.models.morphvae_losses import length_loss, reconstruction_loss
from morphoflow.models.morphvae_network import decoded_length
from morphoflow.models.morphvae_walks import distinct_walks, make_batch, passes, walk_table
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit

CPU = torch.device("cpu")
STEPS = 6
SMALL = {"embedding_size": 8, "hidden_size": 8, "latent_size": 4, "batch_size": 8}
# Nothing is random: no dropout, true nodes only, a draw that is the mean direction.
CERTAIN = {"dropout": 0.0, "teacher_forcing": 1.0, "kappa": 1e14}
PLAIN = SimpleNamespace(autocast=nullcontext, backward=lambda loss: loss.backward())


def settings(**changes):
    described = yaml.safe_load(Path("config/models/morphvae.yaml").read_text())["settings"]
    return {name: schema["default"] for name, schema in described.items()} | SMALL | changes


def walks(n: int = 12, n_walks: int = 10, seed: int = 0, length: int | None = None):
    """Random walks of two classes, straight and winding; some of a neuron's walks are equal."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, STEPS + 1, (n, n_walks)) if length is None else length
    lengths = np.broadcast_to(lengths, (n, n_walks)).astype(np.int64).copy()
    kind = np.arange(n) % 2
    step = rng.normal(0, 0.5, (n, n_walks, STEPS, 3)) + (1 - kind[:, None, None, None])
    step[:, :, 0] = 0
    x = (20 * step.cumsum(axis=2)).astype(np.float32)
    x[:, 1::3], lengths[:, 1::3] = x[:, :1], lengths[:, :1]
    x[np.arange(STEPS) >= lengths[..., None]] = 0
    ids = np.array([f"n{k:02d}" for k in range(n)])
    samples = SimpleNamespace(x=x, length=lengths, ids=ids)
    split = np.where(np.arange(n) // 2 % 4 == 3, "validation", "train")
    label = np.array(["straight", "winding"])[kind]
    return samples, pd.DataFrame({"id": ids, "label": label, "split": split})


def build(samples=None, objects=None, seed: int = 0, **changes):
    default = walks()
    samples = default[0] if samples is None else samples
    objects = default[1] if objects is None else objects
    return morphvae.build(samples, objects, settings(**changes), seed, CPU)


def as_model(learner) -> Model:
    return Model("morphvae", learner.settings, learner.facts, learner.state(), {})


def train(learner, epochs: int, seed: int = 0) -> list[dict]:
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for epoch in range(epochs):
        learner.start_epoch(epoch)
        for batch in torch.arange(learner.n_train).split(learner.batch_size):
            rows.append(learner.step(batch, generator, PLAIN))
    return rows


@torch.no_grad()
def validate(learner) -> dict[str, float]:
    return learner.validate()


def gradient(learner) -> torch.Tensor:
    learner.settings["clip"] = 1e9
    learner.step(torch.arange(learner.n_train), torch.Generator().manual_seed(0), PLAIN)
    return torch.cat([p.grad.flatten() for p in learner.network.parameters()])


# Walks and batches


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


# Invariances of the embedding


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


# Exact computation


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


# Each fault of the published code that mattered


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
    x, length = morphvae.reconstruct(as_model(learner), samples, CPU)
    assert (length == 4).mean() > 0.95
    assert x.shape == samples.x.shape and not x[:, :, 4:][length == 4].any()


def test_a_walk_that_was_cut_off_has_no_end():
    """At the last step nothing is decided: walks of full length are decoded to full length."""
    samples, objects = walks(length=STEPS)
    learner = build(samples, objects, length_weight=1)
    train(learner, 20)
    assert (morphvae.reconstruct(as_model(learner), samples, CPU)[1] == STEPS).all()


def test_a_walk_ends_at_the_median_of_its_length():
    """Ends of probability 0.3 at each node add up: after two nodes more walks have ended than not.

    Survival is 0.7, 0.49 in the first column; in the others the first or no node is an end.
    """
    logit = float(np.log(0.3 / 0.7))
    ends = [torch.tensor([logit, 9.0, -9.0]) for _ in range(4)]
    assert decoded_length(ends).tolist() == [2, 1, 5]


def test_reconstructed_and_generated_walks_end_alike():
    samples, _ = walks(n_walks=4)
    model = as_model(build(length_weight=1))
    z = np.concatenate(morphvae.walk_latents(model, samples.x, samples.length, CPU))
    first = [distinct_walks(x, of)[0] for x, of in zip(samples.x, samples.length, strict=True)]
    x, length = morphvae.reconstruct(model, samples, CPU)
    x_drawn, length_drawn = morphvae.decode_latents(model, z, CPU)
    of_latents = [length[i, rows] for i, rows in enumerate(first)]
    assert np.array_equal(np.concatenate(of_latents), length_drawn)
    x_first = np.concatenate([x[i, rows] for i, rows in enumerate(first)])
    np.testing.assert_allclose(x_drawn, x_first, atol=1e-4)


def test_length_loss_of_a_walk_that_was_cut_off():
    """It has as many decisions as there are steps but one, none of them an end."""
    samples = np.zeros((1, 1, 4, 3), np.float32), np.array([[4]])
    batch = make_batch(walk_table(*samples, 1.0, CPU), torch.tensor([0]))
    ends = [torch.tensor([0.0]), torch.tensor([-30.0]), torch.tensor([0.0])]
    assert length_loss(batch, ends).item() == pytest.approx(2 * np.log(2) / 3, rel=1e-5)


def test_class_loss_is_the_mean_over_the_labels_that_are_seen():
    learner = build(*walks(24), label_fraction=0.3, **CERTAIN)
    train_split, network = learner.train, learner.network.eval()
    batch = make_batch(train_split.walks, torch.arange(learner.n_train))
    with torch.no_grad():
        losses = learner.losses(batch, train_split.labels, learner.train_scale)
        pooled = network.pool(network.latent.location(network.encode(batch)), batch)
        chosen = network.classify(pooled).log_softmax(1)
    seen = torch.nonzero(train_split.labels >= 0).squeeze(1)
    expected = -chosen[seen, train_split.labels[seen]].mean()
    assert 0 < len(seen) < learner.n_train
    torch.testing.assert_close(losses["class"] / learner.n_train, expected)


def test_published_fault_labels_drawn_anew():
    ids = np.array([f"n{k:03d}" for k in range(200)])
    numbers = np.repeat([0, 1, UNLABELLED], [150, 30, 20])
    draw = lambda of, fraction: seen_labels(  # noqa: E731
        ids[of], numbers[of], fraction, np.random.default_rng(5)
    )
    rows = np.arange(200)
    small, large = draw(rows, 0.1), draw(rows, 0.5)
    assert [(small == k).sum() for k in (0, 1)] == [15, 3], "stratified"
    assert (large[small != UNLABELLED] == small[small != UNLABELLED]).all(), "nested"
    order = np.random.default_rng(0).permutation(200)
    assert (draw(order, 0.1) == small[order]).all(), "not by the order of the rows"
    assert (draw(rows, 1.0) == numbers).all() and (draw(rows, 0.0) == UNLABELLED).all()


def test_published_fault_hidden_labels_used():
    """Labels that are hidden may be anything: the weights after training are the same bits."""
    samples, objects = walks(24)
    learner = build(samples, objects, label_fraction=0.4)
    hidden = np.flatnonzero(objects["split"] == "train")[(learner.train.labels < 0).numpy()]
    swapped = objects.copy()
    swapped.loc[hidden, "label"] = None
    other = build(samples, swapped, label_fraction=1.0)
    assert torch.equal(other.train.labels, learner.train.labels) and len(hidden) > 5
    train(learner, 2), train(other, 2)
    for one, two in zip(learner.state().values(), other.state().values(), strict=True):
        assert torch.equal(one, two)


def test_no_classifier_without_labels():
    learner = build(label_fraction=0.0)
    assert learner.network.classifier is None and learner.facts["classes"] == []
    assert "class" not in train(learner, 1)[0] and "class" not in validate(learner)


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_labels_missing_or_unknown_are_no_classes(kind):
    labels = pd.Series(["b", None, "a", "new", float("nan")]).astype(kind)
    numbers = class_numbers(labels, class_names(labels)[:2])
    assert numbers.tolist() == [1, UNLABELLED, 0, UNLABELLED, UNLABELLED]
    samples, objects = walks()
    objects.loc[objects["split"] == "validation", "label"] = "new"
    learner = build(samples, objects)
    assert learner.facts["classes"] == ["straight", "winding"]
    assert validate(learner)["class"] == 0


def test_published_fault_equal_noise_in_each_epoch():
    """With weights that do not change, the loss of the same neurons changes with the noise."""
    for only in ({"teacher_forcing": 1.0, "dropout": 0.0}, {"kappa": 1e14, "dropout": 0.0}):
        losses = [float(row["loss"]) for row in train(build(learning_rate=1e-12, **only), 3)]
        assert len(set(losses[::2])) == 3


def test_published_fault_validation_augmented():
    plain, scaled = build(), build(scale_low=0.1, scale_high=3.0)
    assert validate(plain) == validate(scaled) == validate(scaled)
    generator = torch.Generator().manual_seed(0)
    rows = torch.arange(plain.n_train)
    first, second = (of.step(rows, generator, PLAIN)["loss"] for of in (plain, scaled))
    assert abs(first - second) > 0.1


def test_published_fault_scaled_walk_by_walk():
    samples, _ = walks()
    table = walk_table(samples.x, samples.length, 1.0, CPU)
    rows, factor = torch.tensor([2, 5]), torch.tensor([0.5, 2.0])
    plain, scaled = make_batch(table, rows), make_batch(table, rows, factor)
    for before, after in zip(plain.steps, scaled.steps, strict=True):
        torch.testing.assert_close(after, before * factor[plain.neuron[: before.shape[1]]])


def test_published_fault_training_and_validation_on_different_scales():
    """On the same neurons, and nothing left to chance, both losses are the same number."""
    samples, objects = walks(16)
    chosen = np.tile(np.flatnonzero(objects["split"] == "train"), 2)
    twice = SimpleNamespace(**{k: v[chosen] for k, v in vars(samples).items()})
    rows = objects.iloc[chosen].reset_index(drop=True)
    rows["split"] = np.repeat(["train", "validation"], len(rows) // 2)
    learner = build(twice, rows, **{**CERTAIN, "teacher_forcing": 0.0})
    expected = validate(learner)
    losses = learner.step(torch.arange(learner.n_train), torch.Generator(), PLAIN)
    for name, value in losses.items():
        assert float(value) == pytest.approx(expected[name], rel=1e-4), name


def test_published_fault_loss_grows_with_number_of_walks_and_steps():
    samples, objects = walks()
    loss = validate(build(samples, objects))["loss"]
    more = [np.concatenate([part] * 4, axis=1) for part in (samples.x, samples.length)]
    more[0] = np.pad(more[0], ((0, 0), (0, 0), (0, 5), (0, 0)))
    more = SimpleNamespace(x=more[0], length=np.minimum(more[1], STEPS), ids=samples.ids)
    cut = (samples.length == STEPS).any()
    learner = build(more, objects)
    again = validate(learner)
    assert cut and again["loss"] == pytest.approx(loss, rel=0.05)


# Training


@pytest.mark.parametrize("latent", ["vmf", "gaussian"])
def test_losses_fall(latent):
    learner = build(*walks(24), latent=latent, n_draws=2)
    before = validate(learner)
    train(learner, 25)
    after = validate(learner)
    assert after["reconstruction"] < 0.6 * before["reconstruction"]
    assert after["class"] < 0.6 * before["class"] and after["loss"] < 0.6 * before["loss"]
    assert after["rmse_um"] == pytest.approx(
        learner.facts["scale_um"] * np.sqrt(after["reconstruction"])
    )


def test_scale_is_that_of_the_training_split_and_results_are_in_um():
    samples, objects = walks()
    other = SimpleNamespace(**vars(samples) | {"x": samples.x.copy()})
    other.x[objects["split"] == "validation"] *= 100
    scale = build(samples, objects).facts["scale_um"]
    assert build(other, objects).facts["scale_um"] == scale
    real = (np.arange(STEPS) < samples.length[..., None]) & (np.arange(STEPS) > 0)
    of_train = samples.x[objects["split"] == "train"][real[objects["split"] == "train"]]
    assert scale == pytest.approx(np.sqrt((of_train**2).mean()), rel=1e-6)
    ten = SimpleNamespace(x=10 * samples.x, length=samples.length, ids=samples.ids)
    one, tenfold = (as_model(build(of, objects)) for of in (samples, ten))
    x, length = morphvae.reconstruct(one, samples, CPU)
    x_ten, length_ten = morphvae.reconstruct(tenfold, ten, CPU)
    np.testing.assert_allclose(x_ten, 10 * x, rtol=1e-3, atol=1e-3)
    assert np.array_equal(length, length_ten)


def test_reconstruction_is_in_the_order_of_the_walks():
    samples, _ = walks()
    model = as_model(build())
    x, length = morphvae.reconstruct(model, samples, CPU)
    order = np.random.default_rng(0).permutation(10)
    shuffled = SimpleNamespace(x=samples.x[:, order], length=samples.length[:, order])
    x_shuffled, length_shuffled = morphvae.reconstruct(model, shuffled, CPU)
    np.testing.assert_allclose(x_shuffled, x[:, order], atol=1e-4)
    assert np.array_equal(length_shuffled, length[:, order])


def test_learning_rate_is_halved_at_its_epochs():
    learner = build(learning_rate=0.4, halve_at=[2, 3])
    rates = []
    for epoch in (3, 0, 1, 2, 4):
        learner.start_epoch(epoch)
        rates.append(learner.optimizer.param_groups[0]["lr"])
    assert rates == [0.1, 0.4, 0.4, 0.2, 0.1]


def test_the_loop_trains_it_and_its_best_weights_embed(tmp_path):
    samples, _ = walks()
    learner = build()
    fabric = make_fabric(gpus=0, precision="32-true", threads=1)
    fitted = fit(learner, epochs=2, patience=0, seed=0, fabric=fabric, checkpoint=tmp_path / "c")
    assert {"train_class", "validation_rmse_um"} <= set(fitted.history)
    model = Model("morphvae", learner.settings, learner.facts, fitted.best, {})
    assert np.isfinite(morphvae.embed(model, samples, CPU)).all()


# Bad input


def test_walks_of_another_length_are_refused():
    samples, _ = walks()
    longer = SimpleNamespace(x=np.pad(samples.x, ((0, 0),) * 2 + ((0, 2), (0, 0))))
    with pytest.raises(InputError, match=r"up to 8 steps and the model was trained on 6.*sample"):
        morphvae.embed(as_model(build()), longer, CPU)


def test_a_missing_validation_split_and_walks_that_stay_put_are_refused():
    samples, objects = walks()
    with pytest.raises(InputError, match='none of the 12 objects has split "validation"'):
        build(samples, objects.assign(split="train"))
    still = SimpleNamespace(x=samples.x, length=np.ones_like(samples.length), ids=samples.ids)
    with pytest.raises(InputError, match="no walk of the 10 training neurons leaves the soma"):
        build(still, objects)


def test_fine_tuning_begins_where_another_run_ended_but_for_its_classes():
    samples, objects = walks()
    first = build(samples, objects, seed=1)
    three = objects.assign(label=[*"abc"] * 4)
    second = build(samples, three, seed=2)
    before = {name: value.clone() for name, value in second.state().items()}
    second.start_from(first.state())
    for name, value in second.state().items():
        expected = before if name.startswith("classifier.") else first.state()
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)
    with pytest.raises(InputError, match="same sizes"):
        build(samples, objects, latent_size=5).start_from(first.state())
