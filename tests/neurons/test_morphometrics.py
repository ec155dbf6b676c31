"""Morphometrics: trees with known answers, and the laws that every feature keeps."""

from dataclasses import replace

import numpy as np
import pytest

from morphoflow.forest import Forest, concatenate, single
from morphoflow.neurons.morphometrics.table import N_SPHERES, crossings, morphometrics
from morphoflow.neurons.morphometrics.tree import Trees
from synthetic_neurons import line, random_binary_tree, small_forest, y_shape


def tree(parent, xyz) -> Forest:
    return single("tree", np.array(xyz, dtype=float), np.array(parent))


def star(length_um: float = 10.0) -> Forest:
    """Six arms of two segments along both directions of each axis."""
    arms = np.concatenate([np.eye(3), -np.eye(3)])
    xyz = np.concatenate([np.zeros((1, 3)), arms * length_um / 2, arms * length_um])
    return tree([-1, *[0] * 6, *range(1, 7)], xyz)


def comb() -> Forest:
    """A spine of three forks with a tooth at each: 4 tips, split 1:3, 1:2 and 1:1."""
    parent = [-1, 0, 1, 2, 3, 1, 2, 3]
    xyz = [[k, 0, 0] for k in range(5)] + [[k, 1, 0] for k in (1, 2, 3)]
    return tree(parent, xyz)


def full_binary(levels: int) -> Forest:
    """A stem that forks ``levels`` times in a row on every side: ``2 ** levels`` tips."""
    n = 2 ** (levels + 1)
    parent = np.array([-1, 0, *(np.arange(2, n) // 2)])
    rng = np.random.default_rng(levels)
    return tree(parent, np.concatenate([np.zeros((1, 3)), rng.normal(size=(n - 1, 3))]))


def staircase() -> Forest:
    """Four steps of 1 um, along x and y in turn."""
    return tree([-1, 0, 1, 2, 3], [[0, 0, 0], [1, 0, 0], [1, 1, 0], [2, 1, 0], [2, 2, 0]])


def bent_fork() -> Forest:
    """A fork that opens at a right angle, whose arms turn so that their ends lie opposite."""
    xyz = [[0, 0, 0], [0, 1, 0], [-1, 2, 0], [1, 2, 0], [-2, 1, 0], [2, 1, 0]]
    return tree([-1, 0, 1, 1, 2, 3], xyz)


def bars() -> Forest:
    """Three bars crossing in the soma, 8 um along x, 4.5 um along y and 2 um along z."""
    ends = np.concatenate([np.diag([4, 2.25, 1]), -np.diag([4, 2.25, 1])])
    return tree([-1, *[0] * 6], np.concatenate([np.zeros((1, 3)), ends]))


def cross() -> Forest:
    """A branch point with three children at 90, 90 and 180 degrees to each other."""
    return tree([-1, 0, 1, 1, 1], [[0, 0, 0], [1, 0, 0], [2, 0, 0], [1, 1, 0], [0, 0, 0]])


def passing_line() -> Forest:
    """Cable out to (-4, 3, 0) and from there past the soma, at 3 um, to (4, 3, 0)."""
    return tree([-1, 0, 1], [[0, 0, 0], [-4, 3, 0], [4, 3, 0]])


KNOWN = [
    (line(5), "cable_length_um", 4),
    (y_shape(2, 3, 4), "cable_length_um", 9),
    (y_shape(2, 3, 4), "max_path_distance_um", 6),
    (y_shape(2, 3, 4), "tip_path_distance_mean_um", 5.5),
    (y_shape(2, 3, 4), "tip_path_distance_sd_um", 0.5),
    (y_shape(2, 3, 4), "branch_point_path_distance_mean_um", 2),
    (comb(), "branch_point_path_distance_mean_um", 2),
    (y_shape(2, 3, 4), "tip_tortuosity_mean", (5 / 13**0.5 + 6 / 20**0.5) / 2),
    (passing_line(), "tip_tortuosity_mean", 13 / 5),
    (y_shape(), "n_stems", 1),
    (star(), "n_stems", 6),
    (y_shape(), "n_branch_points", 1),
    (star(), "n_branch_points", 0),
    (comb(), "n_branch_points", 3),
    (line(), "n_tips", 1),
    (comb(), "n_tips", 4),
    (star(), "max_children", 0),
    (comb(), "max_children", 2),
    (cross(), "max_children", 3),
    (line(), "max_branch_order", 0),
    (comb(), "max_branch_order", 3),
    (comb(), "tip_branch_order_mean", (1 + 2 + 3 + 3) / 4),
    (line(), "strahler_order", 1),
    (star(), "strahler_order", 1),
    (comb(), "strahler_order", 2),
    (full_binary(4), "strahler_order", 5),
    (full_binary(4), "n_tips", 16),
    (full_binary(4), "partition_asymmetry_mean", 0),
    (comb(), "partition_asymmetry_mean", (2 / 2 + 1 / 1 + 0) / 3),
    (y_shape(2, 3, 4), "section_length_mean_um", 3),
    (y_shape(2, 3, 4), "section_length_sd_um", (2 / 3) ** 0.5),
    (y_shape(2, 3, 4), "section_length_max_um", 4),
    (y_shape(2, 3, 4), "terminal_section_length_mean_um", 3.5),
    (y_shape(2, 3, 4), "internal_section_length_mean_um", 2),
    (star(10), "terminal_section_length_mean_um", 10),
    (star(10), "internal_section_length_mean_um", 0),
    (line(), "section_contraction_mean", 1),
    (staircase(), "section_contraction_mean", 8**0.5 / 4),
    (y_shape(), "branch_angle_local_mean_deg", 180),
    (comb(), "branch_angle_local_mean_deg", 90),
    (comb(), "branch_angle_local_sd_deg", 0),
    (bent_fork(), "branch_angle_local_mean_deg", 90),
    (bent_fork(), "branch_angle_remote_mean_deg", 180),
    (comb(), "branch_angle_remote_sd_deg", 0),
    (cross(), "branch_angle_local_mean_deg", 120),
    (cross(), "branch_angle_local_sd_deg", np.std([90, 90, 180])),
    (cross(), "branch_angle_remote_sd_deg", np.std([90, 90, 180])),
    (line(), "path_angle_mean_deg", 0),
    (staircase(), "path_angle_mean_deg", 90),
    (staircase(), "path_angle_sd_deg", 0),
    (
        tree([-1, 0, 1, 2], [[0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 1, 0]]),
        "path_angle_sd_deg",
        45,
    ),
    # The last segment has no direction.
    (
        tree([-1, 0, 1, 2], [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]]),
        "path_angle_mean_deg",
        90,
    ),
    (y_shape(2, 3, 4), "width_um", 7),
    (y_shape(2, 3, 4), "height_um", 2),
    (y_shape(2, 3, 4), "depth_um", 0),
    (star(10), "depth_um", 20),
    (y_shape(2, 3, 4), "max_distance_um", 20**0.5),
    (y_shape(2, 3, 4), "tip_distance_mean_um", (13**0.5 + 20**0.5) / 2),
    (star(10), "convex_hull_volume_um3", 4 / 3 * 10**3),
    (comb(), "convex_hull_volume_um3", 0),
    (line(5), "radius_of_gyration_um", 4 / 12**0.5),
    (star(10), "radius_of_gyration_um", 10 / 3**0.5),
    (line(5), "centroid_distance_um", 2),
    (star(10), "centroid_distance_um", 0),
    (star(10), "axis_ratio_second_to_first", 1),
    (star(10), "axis_ratio_third_to_first", 1),
    (line(5), "axis_ratio_second_to_first", 0),
    (line(5), "axis_ratio_third_to_first", 0),
    # The second moment of a bar from -a to a is 2 a^3 / 3.
    (bars(), "axis_ratio_second_to_first", (2.25 / 4) ** 1.5),
    (bars(), "axis_ratio_third_to_first", (1 / 4) ** 1.5),
    (star(10), "sholl_peak_crossings", 6),
    (star(10), "sholl_peak_radius_um", 10 / N_SPHERES / 2),
    (star(10), "sholl_centroid_radius_um", 5),
    # Two crossings more between 3 um, where the cable is nearest, and its ends at 5 um.
    (passing_line(), "sholl_peak_crossings", 3),
    (passing_line(), "sholl_peak_radius_um", 3.05),
    (passing_line(), "sholl_centroid_radius_um", (30 * 1.5 + 20 * 3 * 4) / 90),
]


@pytest.mark.parametrize("forest, name, expected", KNOWN, ids=[name for _, name, _ in KNOWN])
def test_a_known_tree_has_the_known_value(forest, name, expected):
    x, names = morphometrics(forest)
    assert x[0, names.index(name)] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_every_feature_has_a_known_answer_and_a_name_of_its_own():
    x, names = morphometrics(small_forest())
    assert x.shape == (6, len(names)) and x.dtype == np.float32
    assert len(names) >= 27 and len(set(names)) == len(names)
    assert set(names) == {name for _, name, _ in KNOWN}


def random_forest() -> Forest:
    """Trees whose nodes have one, two or three children, with uneven steps."""
    rng = np.random.default_rng(11)
    neurons = [random_binary_tree(rng, 20, identifier=f"{k}") for k in range(4)]
    for k in range(4):
        parent = np.array([-1, *(rng.integers(max(0, n - 4), n) for n in range(1, 60))])
        step = rng.normal(size=(60, 3)) * [1.0, 2.0, 0.5] + [0.3, 0, 0]
        xyz = np.zeros((60, 3))
        for node in range(1, 60):
            xyz[node] = xyz[parent[node]] + step[node]
        neurons.append(single(f"wild{k}", xyz, parent))
    return concatenate(neurons)


def test_lengths_scale_and_angles_and_ratios_do_not():
    forest = random_forest()
    x, names = morphometrics(forest)
    scaled, _ = morphometrics(replace(forest, xyz=forest.xyz * np.float32(2)))
    power = [3 if name.endswith("_um3") else name.endswith("_um") for name in names]
    assert np.allclose(scaled, x * 2.0 ** np.array(power), rtol=1e-5, atol=1e-5)


def test_nothing_but_the_extent_along_the_axes_changes_as_the_neuron_turns():
    forest = random_forest()
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    x, names = morphometrics(forest)
    turned, _ = morphometrics(replace(forest, xyz=(forest.xyz @ turn).astype(np.float32)))
    changed = ~np.isclose(turned, x, rtol=1e-4, atol=1e-3).all(axis=0)
    assert {names[k] for k in np.flatnonzero(changed)} == {"width_um", "height_um", "depth_um"}


def test_a_neuron_measures_the_same_alone_and_among_others():
    forest = random_forest()
    together, _ = morphometrics(forest)
    alone = np.concatenate([morphometrics(forest.neuron(i))[0] for i in range(forest.n)])
    assert np.allclose(alone, together, rtol=1e-6, atol=1e-6)


def test_type_codes_and_radii_are_not_used():
    forest = random_forest()
    coded = replace(
        forest,
        compartment=np.arange(len(forest.parent)).astype(np.uint8),
        radius=np.linspace(1, 9, len(forest.parent), dtype=np.float32),
    )
    assert (morphometrics(coded)[0] == morphometrics(forest)[0]).all()


def with_middles(forest: Forest) -> Forest:
    """The same neuron with a further node in the middle of every segment."""
    n = len(forest.parent)
    up = forest.parent[1:]
    xyz, parent = np.zeros((2 * n - 1, 3)), np.full(2 * n - 1, -1)
    middle, node = np.arange(1, 2 * n - 1, 2), np.arange(2, 2 * n, 2)
    xyz[node], xyz[middle] = forest.xyz[1:], (forest.xyz[1:] + forest.xyz[up]) / 2
    parent[node], parent[middle] = middle, 2 * up
    return single(str(forest.ids[0]), xyz, parent)


def test_the_spacing_of_nodes_matters_to_path_angles_alone():
    forest = random_forest()
    x, names = morphometrics(forest)
    finer, _ = morphometrics(concatenate([with_middles(forest.neuron(i)) for i in range(forest.n)]))
    changed = ~np.isclose(finer, x, rtol=1e-4, atol=1e-3).all(axis=0)
    assert {names[k] for k in np.flatnonzero(changed)} == {
        "path_angle_mean_deg",
        "path_angle_sd_deg",
    }


def test_crossings_are_the_changes_of_side_along_the_cable():
    forest = random_forest()
    profile, step = crossings(Trees.of(forest))
    share = np.linspace(0, 1, 2001)
    for i in range(forest.n):
        neuron = forest.neuron(i)
        begin, end = neuron.xyz[neuron.parent[1:]].astype(float), neuron.xyz[1:].astype(float)
        places = begin[:, None] + share[:, None] * (end - begin)[:, None]
        distance = np.linalg.norm(places, axis=2)
        radius = (np.arange(N_SPHERES) + 0.5) * step[i]
        sides = (distance > radius[:, None, None]).astype(int)
        assert (np.abs(np.diff(sides, axis=2)).sum(axis=(1, 2)) == profile[i]).all()


@pytest.mark.parametrize(
    "forest",
    [
        tree([-1], np.zeros((1, 3))),
        tree([-1, 0], [[0, 0, 0], [0, 0, 2]]),
        tree([-1, 0, 1, 1, 2, 2], np.zeros((6, 3))),
        tree([-1, 0, 0, 1], [[0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
    ids=["soma alone", "one segment", "no extent", "back to the soma"],
)
def test_every_tree_has_a_value_for_every_feature(forest):
    x, _ = morphometrics(forest)
    assert np.isfinite(x).all()


def test_a_soma_alone_is_zero_but_for_the_ratios_of_straightness():
    x, names = morphometrics(tree([-1], np.zeros((1, 3))))
    ones = {names[k] for k in np.flatnonzero(x[0])}
    assert ones == {"tip_tortuosity_mean", "section_contraction_mean"}
    assert set(x[0]) == {0, 1}


def test_a_chain_of_many_nodes_is_measured():
    x, names = morphometrics(line(100000, step_um=0.5))
    assert x[0, names.index("cable_length_um")] == pytest.approx(49999.5)
