"""Laws of the toy neurons: published sizes and extents, and what tip counts can and cannot tell."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier

from morphoflow.forest import DTYPES
from morphoflow.neurons.demo.toy import TOY_SETS, generate_toy_set
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.swc_files import write_swc

PUBLISHED_NODES = {"three": 200, "five": 400, "equal_tips": 200}


def tip_counts(forest) -> np.ndarray:
    """The number of nodes without children of each neuron, (n,)."""
    is_parent = np.zeros(len(forest.parent), dtype=bool)
    rows = forest.parent_row
    is_parent[rows[rows >= 0]] = True
    return np.bincount(forest.owner[~is_parent], minlength=len(forest))


def accuracy(x: np.ndarray, labels: np.ndarray) -> float:
    """Balanced accuracy of five nearest neighbours on every second neuron."""
    model = KNeighborsClassifier(5).fit(x[::2], labels[::2])
    return balanced_accuracy_score(labels[1::2], model.predict(x[1::2]))


@pytest.mark.parametrize("name", TOY_SETS)
def test_neurons_are_trees_of_the_published_size_and_extent(name):
    forest, labels = generate_toy_set(name, 20, seed=1)
    forest.check()
    assert (forest.n_nodes == PUBLISHED_NODES[name]).all()
    assert len(forest) == len(labels) == 20 * len(TOY_SETS[name])
    assert np.unique(labels, return_counts=True)[1].tolist() == [20] * len(TOY_SETS[name])
    extent = np.array([np.ptp(forest.neuron(i).xyz, axis=0) for i in range(len(forest))])
    assert abs(extent.mean() - 10) < 0.1
    assert 0.15 < extent.std() < 0.25


@pytest.mark.parametrize("name", TOY_SETS)
def test_equal_seeds_give_equal_neurons_and_more_neurons_keep_the_first(name):
    a, _ = generate_toy_set(name, 4, seed=7)
    b, _ = generate_toy_set(name, 4, seed=7)
    more, _ = generate_toy_set(name, 6, seed=7)
    other, _ = generate_toy_set(name, 4, seed=8)
    for array in DTYPES:
        np.testing.assert_array_equal(getattr(a, array), getattr(b, array))
    np.testing.assert_array_equal(a.neuron(3).xyz, more.neuron(3).xyz)
    np.testing.assert_array_equal(a.neuron(4).xyz, more.neuron(6).xyz)
    assert not np.array_equal(a.neuron(0).xyz, other.neuron(0).xyz)


def test_children_follow_a_poisson_law_with_at_least_one():
    forest, labels = generate_toy_set("three", 60, seed=2)
    rows = forest.parent_row
    children = np.bincount(rows[rows >= 0], minlength=len(forest.parent))
    sparse = np.flatnonzero(labels == "sparse")
    inner = np.isin(forest.owner, sparse) & (children > 0) & (forest.parent >= 0)
    # P(max(1, Poisson(1)) = 1) = 2 / e; the last parent of an arm is cut short, 1 node in 70.
    assert abs((children[inner] == 1).mean() - 2 / np.e) < 0.02


def test_steps_turn_within_the_range_of_the_population():
    forest, labels = generate_toy_set("three", 30, seed=3)
    rows = forest.parent_row
    moved = rows >= 0
    step_x = np.abs((forest.xyz - forest.xyz[rows])[:, 0])
    # Turned by at most 50 degrees a step to the side keeps cos(50) = 0.64 of its sideways reach.
    narrow = moved & np.isin(forest.owner, np.flatnonzero(labels != "bent"))
    owner = forest.owner[narrow]
    longest = np.zeros(len(forest))
    np.maximum.at(longest, owner, step_x[narrow])
    assert (step_x[narrow] / longest[owner]).min() > 0.60


def test_tip_count_tells_the_published_classes_and_none_of_the_equal_ones():
    published, labels = generate_toy_set("three", 60, seed=4)
    assert accuracy(tip_counts(published)[:, None], labels) > 0.98
    equal, _ = generate_toy_set("equal_tips", 60, seed=4)
    assert set(tip_counts(equal).tolist()) == {50}


def test_space_tells_the_classes_with_equal_tip_counts():
    forest, labels = generate_toy_set("equal_tips", 120, seed=5)
    edges = np.linspace(-8, 8, 17)
    maps = [np.histogram2d(*forest.neuron(i).xyz[:, :2].T, bins=edges)[0] for i in range(360)]
    order = np.random.default_rng(0).permutation(360)
    found = accuracy(np.array([m.ravel() for m in maps])[order], labels[order])
    assert 0.6 < found < 0.95


def test_written_toy_neurons_read_back_to_the_written_decimals(tmp_path):
    forest, _ = generate_toy_set("equal_tips", 5, seed=6)
    write_swc(tmp_path / "toy.zip", forest, decimals=3)
    again, quality = read_neurons(
        [Part([tmp_path / "toy.zip"])],
        compartments=["dendrite"],
        roots="join",
        on_bad_input="stop",
    )
    assert set(quality["verdict"]) == {"ok"}
    order = np.argsort(forest.ids)
    expected = forest.select(order)
    assert again.ids.tolist() == expected.ids.tolist()
    np.testing.assert_array_equal(again.parent, expected.parent)
    np.testing.assert_allclose(again.xyz, expected.xyz, rtol=0, atol=5.1e-4)
