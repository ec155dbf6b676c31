"""Walks: their distribution, their shape, and what they do and do not depend on."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.samples.walks import sample_walks
from synthetic_neurons import line, random_binary_tree, small_forest

VARIANTS = ("uniform", "weighted", "tips")


def bushy(identifier: str = "bushy") -> Forest:
    """Three stems, one of them a tip, with forks of two and three and arms of several lengths."""
    parent = [-1, 0, 0, 0, 1, 1, 5, 5, 5, 6, 2, 10, 10, 12, 12, 13]
    step = np.random.default_rng(5).normal(size=(len(parent), 3)) * np.arange(16)[:, None]
    xyz = np.zeros_like(step)
    for node in range(1, len(parent)):
        xyz[node] = xyz[parent[node]] + step[node]
    return single(identifier, xyz, np.array(parent))


def nodes_of(forest: Forest, x: np.ndarray) -> np.ndarray:
    """The nodes of a forest of one at places (..., 3) that are nodes, all of them distinct."""
    found = (x[..., None, :] == forest.xyz).all(axis=-1)
    assert (found.sum(axis=-1) == 1).all()
    return found.argmax(axis=-1)


def expected_reach(forest: Forest, children: str) -> np.ndarray:
    """Probability of each node of a forest of one, by the definition, node by node."""
    parent = forest.parent
    below = [np.flatnonzero(parent == node) for node in range(len(parent))]

    def weight(node: int) -> float:
        deeper = sum(weight(child) for child in below[node])
        if children == "tips":
            return deeper if len(below[node]) else 1
        return deeper + float(np.linalg.norm(forest.xyz[node] - forest.xyz[parent[node]]))

    reach = np.ones(len(parent))
    for node in range(len(parent)):
        weights = [1.0 if children == "uniform" else weight(child) for child in below[node]]
        for child, w in zip(below[node], weights, strict=True):
            reach[child] = reach[node] * w / sum(weights)
    return reach


def reached(forest: Forest, children: str, n_steps: int = 16, seed: int = 3) -> np.ndarray:
    """How often each node of a forest of one is the last of a walk."""
    x, length = sample_walks(forest, n_walks=20000, n_steps=n_steps, children=children, seed=seed)
    last = nodes_of(forest, x[0][np.arange(20000), length[0] - 1])
    return np.bincount(last, minlength=len(forest.parent))


@pytest.mark.parametrize("children", VARIANTS)
def test_tips_are_reached_as_the_branch_probabilities_say(children):
    tree = bushy()
    count, expected = reached(tree, children), expected_reach(tree, children)
    tip = ~np.isin(np.arange(16), tree.parent)
    assert count[~tip].sum() == 0
    assert chisquare(count[tip], expected[tip] * count.sum()).pvalue > 1e-3


@pytest.mark.parametrize("children", VARIANTS)
def test_the_chi_square_rejects_the_distributions_of_the_other_variants(children):
    tree = bushy()
    tip = ~np.isin(np.arange(16), tree.parent)
    count = reached(tree, children)[tip]
    for other in set(VARIANTS) - {children}:
        assert chisquare(count, expected_reach(tree, other)[tip] * count.sum()).pvalue < 1e-6


def test_the_variant_tips_reaches_every_tip_alike():
    tree = random_binary_tree(np.random.default_rng(0), n_tips=30)
    tip = ~np.isin(np.arange(59), tree.parent)
    count = reached(tree, "tips", n_steps=60)
    assert count[~tip].sum() == 0 and chisquare(count[tip]).pvalue > 1e-3


@pytest.mark.parametrize("children", VARIANTS)
def test_a_walk_goes_from_the_soma_to_a_child_and_on_to_a_tip(children):
    tree = bushy()
    x, length = sample_walks(tree, n_walks=200, n_steps=16, children=children, seed=0)
    for walk, n in zip(x[0], length[0], strict=True):
        nodes = nodes_of(tree, walk[:n])
        assert nodes[0] == 0
        assert (tree.parent[nodes[1:]] == nodes[:-1]).all()
        assert nodes[-1] not in tree.parent
        assert (walk[n:] == 0).all()


def test_shapes_and_types():
    x, length = sample_walks(small_forest(), n_walks=7, n_steps=5, children="uniform", seed=0)
    assert x.shape == (6, 7, 5, 3) and x.dtype == np.float32
    assert length.shape == (6, 7) and length.dtype == np.int32
    assert length.min() >= 1 and length.max() == 5


def test_a_longer_walk_begins_with_the_shorter_one():
    settings = {"children": "weighted", "seed": 4}
    long, long_length = sample_walks(small_forest(), n_walks=9, n_steps=12, **settings)
    short, short_length = sample_walks(small_forest(), n_walks=5, n_steps=4, **settings)
    assert (short == long[:, :5, :4]).all()
    assert (short_length == np.minimum(long_length[:, :5], 4)).all()


@pytest.mark.parametrize("children", VARIANTS)
def test_walks_depend_on_neither_the_order_nor_the_number_of_neurons(children):
    settings = {"n_walks": 16, "n_steps": 8, "children": children, "seed": 1}
    x, length = sample_walks(small_forest(), **settings)
    chosen = [4, 0, 5]
    some_x, some_length = sample_walks(small_forest().select(chosen), **settings)
    assert (some_x == x[chosen]).all() and (some_length == length[chosen]).all()


def test_walks_depend_on_the_seed_and_on_the_id():
    settings = {"n_walks": 64, "n_steps": 16, "children": "uniform"}
    twins = concatenate([bushy("a"), bushy("b")])
    x, _ = sample_walks(twins, seed=0, **settings)
    other, _ = sample_walks(twins, seed=1, **settings)
    again, _ = sample_walks(twins, seed=0, **settings)
    assert (again == x).all()
    assert (x[0] != x[1]).any() and (x != other).any(axis=(1, 2, 3)).all()


def test_neighbouring_walks_are_independent():
    x, _ = sample_walks(bushy(), n_walks=20000, n_steps=2, children="uniform", seed=0)
    stem = nodes_of(bushy(), x[0, :, 1]) - 1
    pairs = np.bincount(3 * stem[:-1] + stem[1:], minlength=9)
    assert chisquare(pairs).pvalue > 1e-3


@pytest.mark.parametrize("children", VARIANTS)
def test_turning_the_neuron_turns_its_walks(children):
    forest = small_forest()
    turn, _ = np.linalg.qr(np.random.default_rng(8).normal(size=(3, 3)))
    turned = replace(forest, xyz=(forest.xyz @ turn).astype(np.float32))
    settings = {"n_walks": 32, "n_steps": 8, "children": children, "seed": 2}
    x, length = sample_walks(forest, **settings)
    turned_x, turned_length = sample_walks(turned, **settings)
    assert np.allclose(turned_x, x @ turn, atol=1e-5) and (turned_length == length).all()


@pytest.mark.parametrize("children", VARIANTS)
def test_a_soma_alone_gives_walks_of_one_node(children):
    soma = single("soma", np.zeros((1, 3)), [-1])
    x, length = sample_walks(soma, n_walks=3, n_steps=4, children=children, seed=0)
    assert (length == 1).all() and (x == 0).all()


@pytest.mark.parametrize("children", VARIANTS)
def test_a_deep_unary_chain_is_walked_to_its_end(children):
    x, length = sample_walks(line(50000), n_walks=1, n_steps=60000, children=children, seed=0)
    assert length[0, 0] == 50000 and x[0, 0, 49999, 0] == 49999


def test_siblings_of_length_zero_are_drawn_alike_and_never_against_cable():
    # One sibling is a tip and the other is not, which the length of a walk tells.
    flat = single("flat", np.zeros((4, 3)), [-1, 0, 0, 1])
    _, length = sample_walks(flat, n_walks=5000, n_steps=3, children="weighted", seed=0)
    assert chisquare(np.bincount(length[0], minlength=4)[2:]).pvalue > 1e-3
    mixed = single("mixed", np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]]), [-1, 0, 0])
    x, _ = sample_walks(mixed, n_walks=5000, n_steps=2, children="weighted", seed=0)
    assert (x[0, :, 1, 0] == 1).all()
