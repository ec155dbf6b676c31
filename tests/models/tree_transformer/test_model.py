"""The tree transformer: what its embedding ignores, what views are, and that it learns."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import model_of, settings
from morphoflow.models.tree_transformer import model as tree_transformer
from morphoflow.models.tree_transformer.trees import (
    path_sums,
    pruned,
    subtree_sums,
    trees,
    two_views,
)
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.samples.sections import NAMES, sections
from plain_training import train, validate
from synthetic_embeddings import rotation

CPU = torch.device("cpu")
SMALL = settings(
    "tree_transformer", width=16, heads=2, layers=1, latent_size=6, batch_size=16, most_sections=40
)
WAY = [NAMES.index(f"{axis}_um") for axis in "xyz"]
STILL = {"prune": 0.0, "jitter": 0.0, "scale_strength": 0.0, "turns": "none"}


def neurons(n: int = 6):
    """Sections of three toy populations, and their objects."""
    forest, labels = generate_toy_set("three", n, seed=0)
    x, length = sections(forest)
    split = np.where(np.arange(forest.n) % 3 == 2, "validation", "train")
    objects = pd.DataFrame({"id": forest.ids, "label": labels, "split": split})
    return SimpleNamespace(x=x, length=length, ids=forest.ids), objects


def build(seed: int = 0, **changes):
    return tree_transformer.build(*neurons(), SMALL | changes, seed, CPU)


def made(samples, scale, **changes):
    x, length = torch.from_numpy(samples.x), torch.from_numpy(samples.length)
    return trees(x, length, SMALL | changes, scale)


def embed(learner, samples) -> np.ndarray:
    state = {name: value.clone() for name, value in learner.state().items()}
    model = model_of("tree_transformer", learner.settings, learner.facts, state)
    return tree_transformer.embed(model, samples, CPU)


def moved(samples, motion):
    x = samples.x.copy()
    x[..., WAY] = x[..., WAY] @ np.asarray(motion, dtype=np.float32).T
    return SimpleNamespace(x=x, length=samples.length)


def about_x(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


# Trees


def test_the_sections_that_stay_are_a_tree_and_have_most_cable_beyond_them():
    samples, _ = neurons(1)
    kept, whole = (made(samples, 1.0, most_sections=most) for most in (12, 10_000))
    assert whole.there.sum(1).tolist() == samples.length.tolist()
    assert kept.there.sum(1).tolist() == [12] * 3
    place = torch.arange(12)
    assert (kept.parent < place).all() and (kept.parent[:, 1:] >= -1).all()
    # A section begins where its parent ends, or in the soma.
    for tree in range(3):
        for at in range(12):
            up = kept.parent[tree, at]
            begin = kept.ends[tree, up, 1] if up >= 0 else torch.zeros(3)
            torch.testing.assert_close(kept.ends[tree, at, 0], begin, atol=1e-5, rtol=0)


def test_sums_along_a_tree_are_those_of_its_definition():
    parent = torch.tensor([[-1, 0, 1, 1, -1, 4], [-1, 0, 1, 2, 3, 4]])
    values = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]).expand(2, 6)
    paths = [[1, 3, 7, 11, 16, 48], [1, 3, 7, 15, 31, 63]]
    assert path_sums(values[..., None], parent)[..., 0].tolist() == paths
    below = [[15, 14, 4, 8, 48, 32], [63, 62, 60, 56, 48, 32]]
    assert subtree_sums(values, parent).tolist() == below


def test_pruning_takes_all_beyond_a_cut_and_never_everything():
    samples, _ = neurons(2)
    sets = made(samples, 1.0, most_sections=60)
    left = pruned(sets, 0.2, torch.Generator().manual_seed(0))
    assert left.shape == (12, 60) and left[:, 0].all() and 0.2 < left.float().mean() < 0.9
    for row, parent in zip(left, sets.parent.repeat(2, 1), strict=True):
        assert not (row & (parent >= 0) & ~row[parent.clamp_min(0)]).any()
    assert torch.equal(pruned(sets, 0.0, torch.Generator()), sets.there.repeat(2, 1))


def test_views_without_augmentation_are_the_neuron_itself():
    samples, _ = neurons(1)
    sets = made(samples, 2.0)
    views = two_views(sets, SMALL | STILL, torch.Generator().manual_seed(0))
    for name in ("ends", "facts", "parent", "there"):
        twice = torch.cat([getattr(sets, name)] * 2)
        torch.testing.assert_close(getattr(views, name), twice, atol=1e-6, rtol=1e-5)


# What the embedding ignores


@pytest.mark.parametrize("axis, ignored", [("x", [True, False]), ("all", [True, True])])
def test_embedding_ignores_the_turns_that_it_was_asked_to_and_no_others(axis, ignored):
    samples, _ = neurons(2)
    learner = build(turns=axis)
    before = embed(learner, samples)
    assert np.ptp(before, axis=0).min() > 1e-3
    motions = about_x(0.9) @ np.diag([1, 1, -1]), rotation(3)
    for motion, same in zip(motions, ignored, strict=True):
        apart = np.abs(embed(learner, moved(samples, motion)) - before).max()
        assert (apart < 1e-3) == same


def test_embedding_ignores_padding_company_and_the_order_of_siblings():
    samples, _ = neurons(2)
    learner = build()
    before = embed(learner, samples)
    wider = np.pad(samples.x, ((0, 0), (0, 5), (0, 0)))
    alone = [SimpleNamespace(x=wider[[k]], length=samples.length[[k]]) for k in range(6)]
    np.testing.assert_allclose(
        np.concatenate([embed(learner, s) for s in alone]), before, atol=1e-4
    )
    # Stems, the first sections of arms, change places with all that hangs on them.
    x = samples.x[0, : samples.length[0]]
    depth = np.zeros(len(x), dtype=int)
    for row, up in enumerate(x[:, 0].astype(int)):
        depth[row] = depth[up] + 1 if up >= 0 else 0
    order = np.lexsort((-np.arange(len(x)), depth))
    place = np.argsort(order)
    other = x[order].copy()
    other[:, 0] = np.where(other[:, 0] < 0, -1, place[other[:, 0].astype(int)])
    changed = SimpleNamespace(x=other[None], length=samples.length[:1])
    everything = build(most_sections=1000)
    first = SimpleNamespace(x=x[None], length=samples.length[:1])
    np.testing.assert_allclose(embed(everything, changed), embed(everything, first), atol=1e-4)


@pytest.mark.parametrize("radii", [False, True])
def test_type_codes_of_the_files_are_not_seen_and_radii_if_asked_for(radii):
    samples, _ = neurons(1)
    learner = build(radii=radii)
    before = embed(learner, samples)
    other = SimpleNamespace(x=samples.x.copy(), length=samples.length)
    other.x[..., NAMES.index("compartment")] = 7
    assert np.array_equal(embed(learner, other), before)
    other.x[..., NAMES.index("begin_radius_um")] *= 3
    assert np.array_equal(embed(learner, other), before) != radii


# Training


def test_views_of_neurons_find_each_other_after_training():
    learner = build(turns="z", label_fraction=0, learning_rate=0.003)
    before = validate(learner)
    train(learner, 25)
    after = validate(learner)
    assert after["contrast"] < before["contrast"] - 0.1 and "class" not in after


def test_classes_are_learned_and_equal_seeds_give_equal_weights():
    learners = [build(learning_rate=0.01, class_weight=5) for _ in range(2)]
    for learner in learners:
        train(learner, 25)
    learners[0].validation = learners[0].train
    assert validate(learners[0])["class"] < 0.5 * np.log(3)
    states = [torch.cat([p.detach().flatten() for p in of.network.parameters()]) for of in learners]
    assert torch.equal(*states)


def test_a_neuron_of_one_section_is_embedded():
    samples, _ = neurons(1)
    one = SimpleNamespace(x=samples.x[:, :1], length=np.ones(3, dtype=np.int32))
    one.x[..., 0] = -1
    z = embed(build(), one)
    assert np.isfinite(z).all() and z.shape == (3, 6)
    assert torch.equal(made(one, 1.0).there, torch.ones(3, 1, dtype=torch.bool))
