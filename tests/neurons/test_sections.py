"""Laws of sections: they are the whole neuron, however finely its nodes lie."""

import numpy as np

from morphoflow.forest import concatenate, single
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.samples.resample import resample
from morphoflow.neurons.samples.sections import NAMES, section_table, sections
from synthetic_neurons import line, small_forest, y_shape

WAY = ["x_um", "y_um", "z_um"]


def table_of(forest):
    return section_table(*sections(forest))


def test_a_y_has_a_stem_and_two_sections_that_go_on_from_it():
    xyz = np.array([[0, 0, 0], [0, 1, 0], [0, 2, 0], [1, 2, 0], [-1, 2, 0], [-1, 3, 0]])
    radius = np.array([5, 4, 3, 2, 2, 1])
    forest = single("y", xyz, np.array([-1, 0, 1, 2, 2, 4]), radius=radius)
    table = table_of(forest)
    assert table["parent"].tolist() == [-1, 0, 0]
    assert table[WAY].to_numpy().tolist() == [[0, 2, 0], [1, 0, 0], [-1, 1, 0]]
    assert table["length_um"].tolist() == [2, 1, 2]
    assert table["steps"].tolist() == [2, 1, 2]
    np.testing.assert_allclose(table["turn_deg"], [0, 0, 90], atol=1e-5)
    np.testing.assert_allclose(table["fork_turn_deg"], [0, 90, 90], atol=1e-5)
    assert table["begin_radius_um"].tolist() == [4, 2, 2]
    assert table["end_radius_um"].tolist() == [3, 2, 1]


def test_sections_sum_to_the_cable_and_end_where_the_neuron_ends():
    forest = small_forest(6)
    x, length = sections(forest)
    cable = x[..., NAMES.index("length_um")].sum(axis=1)
    np.testing.assert_allclose(cable, forest.cable_length, rtol=1e-5)
    assert not x[np.arange(x.shape[1]) >= length[:, None]].any()
    table = section_table(x, length)
    end = table[WAY].to_numpy().copy()
    for row, up in enumerate(table["parent"]):
        assert up < row
        end[row] += end[up] if up >= 0 else 0
    assert np.linalg.norm(end[:, None] - forest.xyz, axis=2).min(axis=1).max() < 1e-4


def test_nodes_within_sections_change_their_steps_and_turns_alone():
    forest, _ = generate_toy_set("three", 1, seed=0)
    coarse, fine = table_of(forest), table_of(resample(forest, 0.25))
    same = ["neuron", "parent", "compartment", *WAY]
    np.testing.assert_allclose(coarse[same], fine[same], atol=1e-4)
    assert (fine["steps"] > coarse["steps"]).any()


def test_one_neuron_has_the_same_sections_among_others():
    alone = table_of(y_shape())
    among = table_of(concatenate([line(), y_shape()]))
    among = among[among["neuron"] == 1].reset_index(drop=True)
    same = [name for name in NAMES if name != "parent"]
    np.testing.assert_array_equal(alone[same], among[same])
    np.testing.assert_array_equal(alone["parent"] < 0, among["parent"] < 0)
