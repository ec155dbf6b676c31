"""Laws of the trees that walks are joined to."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from morphoflow.forest import Forest, single
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.neurons.rebuild.rebuild import (
    DENDRITE,
    SOMA,
    distinct,
    group_points,
    rebuild,
    turn_cut,
)
from morphoflow.neurons.rebuild.rebuilder import (
    Residual,
    fit_residual,
    fit_tolerance,
    most_children,
)
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.swc_files import write_swc
from synthetic_neurons import line, random_binary_tree, y_shape


def walks_of(neuron: Forest, n_walks: int = 400, n_steps: int = 24) -> tuple:
    x, length = sample_walks(neuron, n_walks=n_walks, n_steps=n_steps, children="tips", seed=0)
    return x[0], length[0]


def tree_of(x, length, tolerance=0.0, max_children=99) -> Forest:
    xyz, parent = rebuild(x, length, tolerance=tolerance, max_children=max_children)
    return single("a", xyz, parent, 1.0, np.where(parent < 0, SOMA, DENDRITE))


def random_walks(rng, n=40, steps=9, scale=3.0) -> tuple:
    x = rng.normal(scale=scale, size=(n, steps, 3)).cumsum(axis=1)
    return x, rng.integers(1, steps + 1, size=n)


@pytest.mark.parametrize("seed", range(4))
def test_walks_of_a_binary_tree_give_it_back(seed):
    neuron = random_binary_tree(np.random.default_rng(seed), n_tips=12)
    for tolerance in (0.0, 1e-4):
        found = tree_of(*walks_of(neuron), tolerance)
        assert found.n_nodes[0] == neuron.n_nodes[0]
        np.testing.assert_allclose(morphometrics(found)[0], morphometrics(neuron)[0], rtol=2e-4)


def test_nodes_and_edges_are_those_of_the_tree():
    neuron = y_shape(stem=3, left=4, right=2)
    found = tree_of(*walks_of(neuron))
    edges = [
        {(tuple(f.xyz[p]), tuple(f.xyz[c])) for c, p in enumerate(f.parent) if p >= 0}
        for f in (found, neuron)
    ]
    assert edges[0] == edges[1]


def test_noise_below_the_tolerance_leaves_the_topology():
    neuron = y_shape(stem=4, left=5, right=5, step_um=10.0)
    x, length = (part[:2] for part in distinct(*walks_of(neuron, n_walks=60)))
    noisy = x + np.random.default_rng(0).normal(scale=0.3, size=x.shape)
    found = tree_of(noisy, length, tolerance=3.0)
    children = [np.bincount(f.parent[1:], minlength=len(f.parent)) for f in (found, neuron)]
    np.testing.assert_array_equal(*map(np.sort, children))
    np.testing.assert_allclose(found.cable_length, neuron.cable_length, rtol=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_order_and_repeats_of_walks_change_nothing(seed):
    rng = np.random.default_rng(seed)
    x, length = random_walks(rng)
    reference = rebuild(x, length, tolerance=2.0, max_children=2)
    rows = np.concatenate([rng.permutation(len(x)), rng.integers(len(x), size=30)])
    again = rebuild(x[rows], length[rows], tolerance=2.0, max_children=2)
    for a, b in zip(reference, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_padding_is_not_read():
    x, length = random_walks(np.random.default_rng(3))
    filled = np.where(np.arange(x.shape[1])[:, None] < length[:, None, None], x, np.nan)
    filled[:, 0] = 7.0
    for a, b in zip(
        *(rebuild(v, length, tolerance=1.0, max_children=2) for v in (x, filled)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def hard_cases() -> list:
    rng = np.random.default_rng(5)
    still, one = np.zeros((5, 6, 3)), np.ones(4, dtype=int)
    back = np.zeros((3, 6, 3))
    back[:, 1::2] = rng.normal(size=(3, 3, 3))
    grid = np.round(rng.normal(scale=0.002, size=(60, 8, 3)), 3)
    return [
        (still, np.full(5, 6)),
        (rng.normal(size=(4, 6, 3)), one),
        (back, np.full(3, 6)),
        (grid, np.full(60, 8)),
        (rng.normal(scale=1e6, size=(50, 7, 3)), rng.integers(1, 8, size=50)),
        *(random_walks(rng, scale=s) for s in (1e-3, 0.1, 10.0, 1e4)),
    ]


@pytest.mark.parametrize("case", range(9))
@pytest.mark.parametrize(("tolerance", "most"), [(0.0, 2), (0.5, 2), (1.0, 3), (1e9, 2)])
def test_any_finite_walks_give_a_tree(case, tolerance, most):
    found = tree_of(*hard_cases()[case], tolerance, most)
    found.check()
    children = np.bincount(found.parent[found.parent >= 0], minlength=2)
    assert children[1:].max() <= most
    assert (found.segment_length[1:] > 0.0019).all()


@pytest.mark.parametrize("case", range(9))
def test_files_are_read_back_without_findings(case, tmp_path):
    made = tree_of(*hard_cases()[case], 0.01, 2)
    if made.n_nodes[0] == 1:
        return
    write_swc(tmp_path / "out", made)
    forest, quality = read_neurons(
        [Part([tmp_path / "out" / "a.swc"])],
        compartments=["axon", "dendrite", "apical", "other"],
        roots="join",
        on_bad_input="stop",
    )
    assert quality["code"].tolist() == ["verdict"]
    np.testing.assert_array_equal(forest.parent, made.parent)


def test_libraries_of_the_field_load_the_files(tmp_path):
    morphio, neurom = pytest.importorskip("morphio"), pytest.importorskip("neurom")
    navis = pytest.importorskip("navis")
    made = tree_of(*walks_of(random_binary_tree(np.random.default_rng(1), n_tips=9)))
    write_swc(tmp_path / "out", made)
    path = str(tmp_path / "out" / "a.swc")
    loaded, length = neurom.load_morphology(path), made.cable_length[0]
    # NeuroM does not count the segments that begin at the soma.
    stems = made.segment_length[made.parent == 0].sum()
    assert neurom.get("total_length", loaded) == pytest.approx(length - stems, rel=1e-2)
    assert len(morphio.Morphology(path).root_sections) == (made.parent == 0).sum()
    neuron = navis.read_swc(path)
    assert neuron.n_trees == 1
    assert neuron.cable_length == pytest.approx(length, rel=1e-2)


def test_walks_that_are_not_finite_are_refused():
    x, length = random_walks(np.random.default_rng(0))
    x[np.argmax(length > 1), 1, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        rebuild(x, length, tolerance=1.0, max_children=2)
    with pytest.raises(ValueError, match="lengths"):
        rebuild(x, length * 0, tolerance=1.0, max_children=2)


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_those_of_average_linkage(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rng.integers(2, 60), 3))
    hierarchy, none = linkage(points, "average"), np.zeros(len(points), dtype=bool)
    for distance in (0.3, 1.0, 2.0):
        label, n = group_points(points, none, distance, 1000)
        expected = fcluster(hierarchy, distance, "distance")
        assert len(set(zip(label, expected, strict=True))) == n == expected.max()
    label, n = group_points(points, none, 0.0, 2)
    expected = fcluster(hierarchy, 2, "maxclust")
    assert len(set(zip(label, expected, strict=True))) == n == 2


def test_walks_that_end_share_a_node_only_where_children_run_out():
    points = np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0, 0], [5, 0, 0], [5.1, 0, 0]])
    ends = np.array([True, False, False, False, True])
    assert group_points(points, ends, 1.0, 9)[0].tolist() == [0, 1, 1, 2, 3]
    assert group_points(points, ends, 1.0, 3)[0].tolist() == [0, 1, 1, 1, 2]
    assert group_points(points, ends, 1.0, 1)[0].tolist() == [0] * 5


def test_sharp_turns_end_a_walk():
    x = np.array([[[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0], [3, 1, 0], [3, 2, 0]]], dtype=float)
    assert turn_cut(x, np.array([6]), 75.0).tolist() == [4]
    assert turn_cut(x, np.array([6]), 91.0).tolist() == [6]
    assert turn_cut(x[:, [0, 0, 4, 5]], np.array([3]), 75.0).tolist() == [3]


def test_the_tolerance_gives_back_the_real_number_of_nodes():
    rng = np.random.default_rng(2)
    neurons = [random_binary_tree(rng, n_tips=10, step_um=10.0) for _ in range(12)]
    real = [distinct(*walks_of(neuron, n_walks=200)) for neuron in neurons]
    noisy = [(x + rng.normal(scale=0.8, size=x.shape), n) for x, n in real]
    most = most_children(real)
    assert most == 2
    tolerance = fit_tolerance(real, noisy, most)
    counts = [
        sum(len(rebuild(x, n, tolerance=t, max_children=most)[1]) for x, n in walks)
        for walks, t in ((real, 0.0), (noisy, tolerance))
    ]
    assert (tolerance[1:] > 0).all()
    assert counts[1] == pytest.approx(counts[0], rel=0.02)


def test_the_most_children_do_not_count_those_of_the_soma():
    star = single("star", np.eye(4, 3, k=-1), np.array([-1, 0, 0, 0]))
    fork = single("fork", np.eye(5, 3, k=-1) + np.arange(5)[:, None], np.array([-1, 0, 1, 1, 1]))
    fork = single("fork", fork.xyz - fork.xyz[0], fork.parent)
    assert most_children([walks_of(line()), walks_of(star)]) == 2
    assert most_children([walks_of(star), walks_of(fork)]) == 3


@pytest.mark.parametrize("carry", [0.0, 0.7])
def test_displacements_are_learned_from_trees(carry):
    rng = np.random.default_rng(4)
    truth = Residual(np.diag([4.0, 1.0, 0.25]), carry * np.eye(3), np.diag([1.0, 4.0, 0.5]))
    real, decoded = [], []
    for _ in range(150):
        neuron = random_binary_tree(rng, n_tips=12, step_um=20.0)
        x, length = walks_of(neuron, n_walks=150)
        shifted = single("a", truth.add(neuron.xyz, neuron.parent, rng), neuron.parent)
        decoded.append((x, length))
        real.append(walks_of(replace(shifted, ids=neuron.ids), n_walks=150))
    found = fit_residual(real, decoded)
    np.testing.assert_allclose(found.carry, truth.carry, atol=0.1)
    np.testing.assert_allclose(found.first, truth.first, atol=0.8)
    np.testing.assert_allclose(found.own, truth.own, atol=0.4)


def test_displacements_leave_the_soma_and_need_no_noise():
    neuron = random_binary_tree(np.random.default_rng(0))
    nothing = Residual(np.zeros((3, 3)), np.eye(3), np.zeros((3, 3)))
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(nothing.add(neuron.xyz, neuron.parent, rng), neuron.xyz)
    some = Residual(np.eye(3), np.eye(3), np.eye(3)).add(neuron.xyz, neuron.parent, rng)
    assert not some[0].any()
    assert (some[1:] != neuron.xyz[1:]).all()
