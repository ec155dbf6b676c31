"""MorphVAE's labels, and faults of the published training that it does not have."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from morphoflow.models.morphvae.walks import make_batch, walk_table
from morphoflow.models.shared.classes import UNLABELLED, class_names, class_numbers, seen_labels
from plain_training import PLAIN, train, validate
from small_morphvae import CERTAIN, CPU, STEPS, build, walks


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
