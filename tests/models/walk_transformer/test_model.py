"""The walk transformer: what its embedding ignores, what its views share, and that it learns."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import model_of, settings
from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.shared.turning import turns
from morphoflow.models.shared.two_views import retrieved
from morphoflow.models.walk_transformer import model as walk_transformer
from morphoflow.models.walk_transformer.walks import (
    WalkSets,
    even_lines,
    moved,
    two_views,
    walk_sets,
)
from plain_training import train, validate

CPU = torch.device("cpu")
STEPS = 7
SMALL = settings(
    "walk_transformer", nodes=5, width=16, heads=2, latent_size=6, batch_size=16, view_walks=4
)


def walks(n: int = 16, n_walks: int = 8, seed: int = 0):
    """Neurons each with a drift of its own, of two classes: along x, or away from it."""
    rng = np.random.default_rng(seed)
    length = rng.integers(2, STEPS + 1, (n, n_walks))
    drift = rng.normal(0, 0.6, (n, 1, 1, 3))
    drift[::2, ..., 0] += 2
    drift[1::2, ..., 1] += 2
    step = drift + rng.normal(0, 0.3, (n, n_walks, STEPS, 3))
    step[:, :, 0] = 0
    x = (20 * step.cumsum(axis=2)).astype(np.float32)
    x[np.arange(STEPS) >= length[..., None]] = 0
    ids = np.array([f"n{k:02d}" for k in range(n)])
    split = np.where(np.arange(n) % 8 >= 6, "validation", "train")
    label = np.array(["along", "away"])[np.arange(n) % 2]
    objects = pd.DataFrame({"id": ids, "label": label, "split": split})
    return SimpleNamespace(x=x, length=length, ids=ids), objects


def build(samples=None, objects=None, seed: int = 0, **changes):
    default = walks()
    samples = default[0] if samples is None else samples
    objects = default[1] if objects is None else objects
    return walk_transformer.build(samples, objects, SMALL | changes, seed, CPU)


def as_model(learner) -> Model:
    state = {name: value.clone() for name, value in learner.state().items()}
    return model_of("walk_transformer", learner.settings, learner.facts, state)


def embed(learner, samples) -> np.ndarray:
    return walk_transformer.embed(as_model(learner), samples, CPU)


def distinct_sets(n: int = 6, m: int = 7) -> WalkSets:
    """Sets of m, m - 1 ... walks, each walk with a number of its own in all coordinates."""
    number = torch.arange(1.0, n * m + 1).view(n, m, 1, 1)
    filled = torch.arange(m) < m - torch.arange(n)[:, None]
    return WalkSets(number.expand(n, m, 3, 3) * filled[..., None, None], filled.float())


# Walks as lines


def test_lines_are_even_and_begin_and_end_with_the_walk():
    x = torch.zeros(1, 3, 6, 3)
    x[0, :, :, 0] = torch.arange(6.0) * 10
    x[0, 0, 5], x[0, 1, 3:], x[0, 2, 1:] = 99, 99, 99
    lines = even_lines(x, torch.tensor([[5, 3, 1]]), 5)
    expected = [[0, 10, 20, 30, 40], [0, 5, 10, 15, 20], [0, 0, 0, 0, 0]]
    torch.testing.assert_close(lines[0, :, :, 0], torch.tensor(expected, dtype=torch.float32))
    assert not lines[..., 1:].any()


# Views


def test_views_are_disjoint_parts_without_places_that_hold_no_walk():
    sets = distinct_sets()
    views = two_views(sets, 3, torch.Generator().manual_seed(0))
    assert views.lines.shape[:2] == (12, 3) and views.weight.shape == (12, 3)
    first, second = (view.chunk(2) for view in (views.lines[..., 0, 0], views.weight))
    for k in range(5):
        parts = [set(first[i][k][second[i][k] > 0].tolist()) for i in (0, 1)]
        own = set(sets.lines[k, :, 0, 0].tolist()) - {0.0}
        assert parts[0] and parts[1] and not parts[0] & parts[1] and parts[0] | parts[1] <= own
        assert sum(map(len, parts)) == min(6, len(own))


def test_a_single_walk_is_in_both_views():
    sets = WalkSets(torch.ones(2, 4, 3, 3), torch.tensor([[2.0, 0, 0, 0], [1, 1, 1, 1]]))
    views = two_views(sets, 2, torch.Generator().manual_seed(1))
    assert views.weight[[0, 2]].tolist() == [[2, 0], [2, 0]]
    alone = WalkSets(torch.ones(2, 1, 3, 3), torch.ones(2, 1))
    assert two_views(alone, 2, torch.Generator()).weight.tolist() == [[1]] * 4


def test_a_neuron_is_moved_as_a_whole():
    lines = torch.randn(5, 4, 6, 3, generator=torch.Generator().manual_seed(0))
    chosen = {"turns": "x", "scale_strength": 0.3, "jitter": 0.0}
    after = moved(lines, chosen, torch.Generator().manual_seed(1))
    before, apart = (torch.cdist(x.flatten(1, 2), x.flatten(1, 2)) for x in (lines, after))
    factor = (apart.sum((1, 2)) / before.sum((1, 2)))[:, None, None]
    torch.testing.assert_close(apart, before * factor, atol=1e-4, rtol=1e-4)
    assert 0.05 < factor.log().abs().max() <= 0.3
    torch.testing.assert_close(after[..., 0], lines[..., 0] * factor)


# What the embedding ignores


def test_embedding_ignores_order_of_walks_padding_and_company():
    samples, _ = walks()
    learner = build(turns="x")
    z = embed(learner, samples)
    assert z.shape == (16, 6) and z.dtype == np.float32 and np.ptp(z, axis=0).min() > 1e-3
    order = np.random.default_rng(1).permutation(8)
    shuffled = SimpleNamespace(x=samples.x[:, order], length=samples.length[:, order])
    np.testing.assert_allclose(embed(learner, shuffled), z, atol=1e-5)
    noisy = samples.x.copy()
    noisy[np.arange(STEPS) >= samples.length[..., None]] = np.nan
    padded = SimpleNamespace(x=noisy, length=samples.length)
    assert np.array_equal(embed(learner, padded), z)
    alone = [SimpleNamespace(x=samples.x[[k]], length=samples.length[[k]]) for k in range(16)]
    np.testing.assert_allclose(np.concatenate([embed(learner, s) for s in alone]), z, atol=1e-5)


def test_a_walk_counts_as_often_as_it_occurs():
    """All walks twice change nothing; one walk twice does, by as much as one like it, unmerged."""
    samples, _ = walks()
    learner = build()

    def with_last(x, length):
        parts = (np.concatenate([samples.x, x], 1), np.concatenate([samples.length, length], 1))
        return embed(learner, SimpleNamespace(x=parts[0], length=parts[1]))

    z = embed(learner, samples)
    np.testing.assert_allclose(with_last(samples.x, samples.length), z, atol=1e-5)
    one_more = with_last(samples.x[:, :1], samples.length[:, :1])
    unmerged = with_last(samples.x[:, :1] * np.float32(1 + 1e-6), samples.length[:, :1])
    np.testing.assert_allclose(one_more, unmerged, atol=1e-4)
    assert np.abs(one_more - z).max() > 1e-3


@pytest.mark.parametrize("axis", ["x", "all", "mirror_y", "none"])
def test_embedding_ignores_the_turns_that_it_was_asked_to_and_no_others(axis):
    samples, _ = walks()
    learner = build(turns=axis)
    before = embed(learner, samples)
    mirrored = torch.diag(torch.tensor([1.0, -1, 1]))
    of_x = turns("x", torch.tensor([1.0, 2.5]), torch.tensor([False, True]))
    motions = {"mirror": mirrored, "x": of_x[0], "x mirrored": of_x[1]}
    motions["all"] = turns("z", torch.tensor([0.7]), torch.tensor([False]))[0]
    ignored = {"x": ["mirror", "x", "x mirrored"], "all": [*motions], "mirror_y": ["mirror"]}
    for name, motion in motions.items():
        moved_walks = SimpleNamespace(x=samples.x @ motion.numpy().T, length=samples.length)
        apart = np.abs(embed(learner, moved_walks) - before).max()
        assert (apart < 1e-4) == (name in ignored.get(axis, [])), name


def test_scale_is_that_of_the_training_split_alone():
    samples, objects = walks()
    other = SimpleNamespace(**vars(samples) | {"x": samples.x.copy()})
    other.x[objects["split"] == "validation"] *= 100
    assert build(other, objects).facts == build(samples, objects).facts
    ten = SimpleNamespace(**vars(samples) | {"x": 10 * samples.x})
    z, z_ten = (embed(build(of, objects), of) for of in (samples, ten))
    np.testing.assert_allclose(z, z_ten, atol=1e-4)


# Training


def test_halves_of_neurons_find_each_other_after_training():
    samples, objects = walks(48)
    learner = build(samples, objects, turns="x", label_fraction=0, epochs=40, learning_rate=0.003)
    before = validate(learner)
    train(learner, 40)
    after = validate(learner)
    assert after["contrast"] < before["contrast"] - 0.3
    assert after["retrieved"] > 1.5 * before["retrieved"] and "class" not in after


def test_classes_are_learned_from_labels_that_are_seen():
    samples, objects = walks(48)
    learner = build(samples, objects, epochs=20, learning_rate=0.01, class_weight=5)
    assert learner.facts["classes"] == ["along", "away"]
    train(learner, 20)
    assert validate(learner)["class"] < 0.5 * np.log(2)


def test_labels_of_other_splits_do_not_matter():
    samples, objects = walks()
    hidden = objects.assign(label=objects["label"].where(objects["split"] == "train", None))
    states = []
    for rows in (objects, hidden):
        learner = build(samples, rows)
        train(learner, 2)
        states.append(torch.cat([p.detach().flatten() for p in learner.network.parameters()]))
    assert torch.equal(*states)


def test_a_seed_gives_the_same_weights_and_another_does_not():
    states = []
    for seed in (0, 0, 1):
        learner = build(seed=seed)
        train(learner, 2, seed)
        states.append(torch.cat([p.detach().flatten() for p in learner.network.parameters()]))
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


def test_retrieval_is_certain_for_equal_views_and_by_chance_for_shuffled_ones():
    z = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    assert retrieved(torch.cat([z, z])) == 1
    assert retrieved(torch.cat([z, z.roll(1, 0)])) == 0


def test_fine_tuning_begins_where_another_run_ended_but_for_its_classes():
    samples, objects = walks()
    first, second = build(seed=1), build(samples, objects.assign(label=[*"abcd"] * 4), seed=2)
    own = second.state()["classifier.weight"].clone()
    second.start_from(first.state())
    for name, value in second.state().items():
        if not name.startswith("classifier."):
            assert torch.equal(value, first.state()[name]), name
    assert torch.equal(second.state()["classifier.weight"], own)


# Bad input


def test_walks_of_another_length_and_too_few_neurons_are_refused():
    samples, objects = walks()
    longer = SimpleNamespace(x=np.pad(samples.x, ((0, 0),) * 2 + ((0, 2), (0, 0))))
    longer.length = samples.length
    with pytest.raises(InputError, match="up to 9 steps and the model was trained on 7"):
        embed(build(), longer)
    with pytest.raises(InputError, match='none of the 16 objects has split "validation"'):
        build(samples, objects.assign(split="train"))


def test_sets_are_made_of_distinct_walks():
    samples, _ = walks()
    twice = np.concatenate([samples.x, samples.x], 1), np.concatenate([samples.length] * 2, 1)
    sets = walk_sets(*twice, 5, 2.0, CPU)
    assert sets.weight.sum(1).eq(16).all() and sets.lines.shape == (16, 8, 5, 3)
