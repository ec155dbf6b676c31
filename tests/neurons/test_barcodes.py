"""Barcodes: trees with known bars, and the laws that the bars of every tree keep."""

from dataclasses import replace

import numpy as np
import pytest

from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.samples.barcodes import FILTRATIONS, NAMES, barcodes
from synthetic_neurons import line, random_binary_tree, small_forest, y_shape


def bars_of(forest: Forest, filtration: str, i: int = 0) -> np.ndarray:
    """Start and tip of the bars of neuron ``i``, (m, 2), sorted."""
    x, length = barcodes(forest)
    columns = [NAMES.index(f"{filtration}_{end}_um") for end in ("start", "tip")]
    bars = x[i, : length[i]][:, columns]
    # Rounded, so that equal bars are next to each other however they were summed up.
    return bars[np.lexsort(bars.T.round(3))]


def random_forest() -> Forest:
    """Trees whose nodes have any number of children, with uneven steps that also turn back."""
    rng = np.random.default_rng(3)
    neurons = [random_binary_tree(rng, 20, identifier=f"{k}") for k in range(3)]
    for k in range(4):
        parent = np.array([-1, *(rng.integers(max(0, n - 6), n) for n in range(1, 80))])
        step = rng.gamma(2.0, size=(80, 1)) * rng.normal(size=(80, 3))
        xyz = np.zeros((80, 3))
        for node in range(1, 80):
            xyz[node] = xyz[parent[node]] + step[node]
        neurons.append(single(f"wild{k}", xyz, parent))
    return concatenate(neurons)


def shuffled(neuron: Forest, seed: int) -> Forest:
    """The same neuron with its nodes in another order, parents still before their children."""
    rng = np.random.default_rng(seed)
    depth = np.zeros(len(neuron.parent))
    for node, up in enumerate(neuron.parent[1:], 1):
        depth[node] = depth[up] + 1
    order = np.lexsort([rng.random(len(depth)), depth])
    new = np.empty(len(order), dtype=int)
    new[order] = np.arange(len(order))
    up = neuron.parent[order]
    return single("shuffled", neuron.xyz[order], np.where(up < 0, -1, new[up]))


def assert_same_bars(a: Forest, b: Forest, factor: float = 1.0):
    for filtration in FILTRATIONS:
        for i in range(a.n):
            one, other = bars_of(a, filtration, i), bars_of(b, filtration, i)
            assert one.shape == other.shape
            assert np.allclose(one * factor, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("filtration", FILTRATIONS)
def test_a_line_is_one_bar_from_the_soma_to_its_end(filtration):
    assert bars_of(line(8, 0.5), filtration).tolist() == [[0, 3.5]]


def test_the_shorter_arm_of_a_y_starts_where_the_arms_meet():
    assert bars_of(y_shape(2, 3, 4), "path").tolist() == [[2, 5], [0, 6]]
    expected = [[2, 13**0.5], [0, 20**0.5]]
    assert np.allclose(bars_of(y_shape(2, 3, 4), "radial"), expected)


def test_arms_of_one_length_are_one_bar_from_the_soma_and_one_from_the_fork():
    assert bars_of(y_shape(2, 3, 3), "path").tolist() == [[0, 5], [2, 5]]


def test_of_three_branches_that_meet_the_longest_goes_on_whatever_their_order():
    for lengths in ([1, 2, 3], [3, 1, 2], [2, 3, 1]):
        xyz = [[0, 0, 0], [1, 0, 0], *([1 + length, 0, 0] for length in lengths)]
        fork = single("fork", np.array(xyz), np.array([-1, 0, 1, 1, 1]))
        assert bars_of(fork, "path").tolist() == [[1, 2], [1, 3], [0, 4]]


def test_the_farthest_tip_survives_and_not_the_longest_branch_above_the_fork():
    # Two forks: the late one holds the farthest tip, on a short twig of its own.
    xyz = [[0, 0, 0], [1, 0, 0], [6, 0, 0], [5, 0, 0], [7, 0, 0], [5.5, 0, 0]]
    tree = single("tree", np.array(xyz), np.array([-1, 0, 1, 1, 3, 3]))
    assert bars_of(tree, "path").tolist() == [[5, 5.5], [1, 6], [0, 7]]


def test_every_stem_has_a_bar_that_starts_in_the_soma():
    star = single("star", np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0]]), np.array([-1, 0, 0]))
    for filtration in FILTRATIONS:
        assert bars_of(star, filtration).tolist() == [[0, 1], [0, 2]]


def test_cable_that_turns_back_gives_a_negative_radial_bar():
    xyz = [[0, 0, 0], [4, 0, 0], [6, 0, 0], [1, 0, 0]]
    tree = single("back", np.array(xyz), np.array([-1, 0, 1, 1]))
    assert bars_of(tree, "radial").tolist() == [[4, 1], [0, 6]]
    assert bars_of(tree, "path").tolist() == [[4, 6], [0, 7]]


def test_there_are_as_many_bars_as_tips_and_none_for_a_soma_alone():
    forest = concatenate([random_forest(), single("soma", np.zeros((1, 3)), np.array([-1]))])
    x, length = barcodes(forest)
    measured, names = morphometrics(forest)
    assert (length == measured[:, names.index("n_tips")]).all() and length[-1] == 0
    assert x.shape == (forest.n, length.max(), 4) and x.dtype == np.float32
    assert all((x[i, m:] == 0).all() for i, m in enumerate(length))


def test_path_bars_share_out_the_whole_cable():
    forest = random_forest()
    for i, cable in enumerate(forest.cable_length):
        bars = bars_of(forest, "path", i)
        assert (bars[:, 1] - bars[:, 0]).sum() == pytest.approx(cable, rel=1e-5)


@pytest.mark.parametrize("filtration", FILTRATIONS)
def test_the_bar_of_the_farthest_tip_starts_in_the_soma(filtration):
    forest = random_forest()
    for i in range(forest.n):
        bars = bars_of(forest, filtration, i)
        assert bars[bars[:, 1].argmax(), 0] == 0


def test_turns_reflections_and_the_order_of_nodes_change_nothing():
    forest = random_forest()
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    assert_same_bars(forest, replace(forest, xyz=(forest.xyz @ turn).astype(np.float32)))
    neurons = [forest.neuron(i) for i in range(forest.n)]
    for seed, neuron in enumerate(neurons):
        again = shuffled(neuron, seed)
        assert not np.array_equal(again.parent, neuron.parent)
        assert_same_bars(neuron, again)


def test_bars_scale_with_the_neuron():
    forest = random_forest()
    assert_same_bars(forest, replace(forest, xyz=forest.xyz * np.float32(2.5)), 2.5)


def test_a_neuron_has_the_same_bars_alone_and_among_others():
    forest = small_forest()
    x, length = barcodes(forest)
    for i in range(forest.n):
        alone, m = barcodes(forest.neuron(i))
        assert m == length[i] and (alone[0] == x[i, : m[0]]).all()
