"""Laws of alignment: shapes stay, frames turn with the neuron, and their uncertainty is honest."""

from dataclasses import replace

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import concatenate, single
from morphoflow.neurons.reading.align import Alignment, align
from synthetic_embeddings import rotation
from synthetic_neurons import line, random_binary_tree


def bushes(n=4, stretch=(1.0, 3.0, 1.7)):
    """Trees of different extent along x, y and z, none like its mirror image."""
    rng = np.random.default_rng(0)
    made = [random_binary_tree(rng, 24, 5.0, f"n{k}") for k in range(n)]
    forest = concatenate(made)
    return replace(forest, xyz=(forest.xyz * np.array(stretch)).astype(np.float32))


def turned(forest, turn):
    return replace(forest, xyz=(forest.xyz @ np.asarray(turn).T).astype(np.float32))


def about_y(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def distances(forest):
    return np.linalg.norm(forest.xyz[:, None] - forest.xyz, axis=2)


@pytest.mark.parametrize("how", ["pca", "upright", "column"])
def test_shapes_stay_and_are_not_mirrored(how):
    forest = bushes(1)
    after, columns = align(forest, Alignment(how), 0)
    np.testing.assert_allclose(distances(after), distances(forest), atol=1e-3)
    volumes = [np.linalg.det(of.xyz[[1, 5, 9]].astype(float)) for of in (forest, after)]
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-3) and abs(volumes[0]) > 1
    after.check()
    assert columns["align_turn_deg"].between(0, 180).all()


@pytest.mark.parametrize("how", ["pca", "column"])
def test_a_turned_neuron_comes_to_lie_as_it_did(how):
    forest = bushes()
    before, _ = align(forest, Alignment(how), 0)
    after, _ = align(turned(forest, rotation(3)), Alignment(how), 0)
    np.testing.assert_allclose(after.xyz, before.xyz, atol=1e-3)


def test_about_a_given_vertical_a_column_ignores_turns_and_keeps_heights():
    forest, alignment = bushes(), Alignment("column", [0, 1, 0])
    before, columns = align(forest, alignment, 0)
    after, _ = align(turned(forest, about_y(1.1)), alignment, 0)
    np.testing.assert_allclose(after.xyz, before.xyz, atol=1e-3)
    np.testing.assert_allclose(before.xyz[:, 1], forest.xyz[:, 1], atol=1e-4)
    assert columns["align_uncertainty_deg"].isna().all()
    assert columns["align_around_uncertainty_deg"].gt(0).all()


def test_a_given_vertical_becomes_y_whatever_its_length_even_upside_down():
    forest = line(5, direction=(0, -1, 0))
    for pia in ([0, -2, 0], [0, -0.1, 0]):
        after, columns = align(forest, Alignment("upright", pia), 0)
        np.testing.assert_allclose(after.xyz[-1], [0, 4, 0], atol=1e-5)
        assert columns["align_from"].tolist() == ["given"]
        assert columns["pia_axis_off_deg"][0] == pytest.approx(0, abs=0.1)
    _, columns = align(forest, Alignment("upright", [1, 0, 0]), 0)
    assert columns["pia_axis_off_deg"][0] == pytest.approx(90, abs=0.1)


def test_the_apical_dendrite_points_up_where_there_is_one_and_the_axon_does_not_count():
    xyz = np.array([[0, 0, 0], [0, 0, 50], [9, 0, 0], [-9, 0, 0], [0, -300, 0]])
    neuron = single("p", xyz, np.array([-1, 0, 0, 0, 0]), compartment=[1, 4, 3, 3, 2])
    after, columns = align(neuron, Alignment("upright"), 0)
    np.testing.assert_allclose(after.xyz[1], [0, 50, 0], atol=1e-4)
    assert columns["align_from"].tolist() == ["apical"]
    assert columns["align_uncertainty_deg"][0] == pytest.approx(0, abs=1e-3)


def star(arms=40, shift=0.0):
    """Arms of length 1 in even random directions, all moved along x by ``shift``."""
    ends = np.random.default_rng(0).normal(size=(arms, 3))
    ends = ends / np.linalg.norm(ends, axis=1, keepdims=True) + [shift, 0, 0]
    return single("star", np.concatenate([[[0, 0, 0]], ends]), np.r_[-1, np.zeros(arms, int)])


def test_what_lies_in_all_directions_is_less_sure_than_what_points_somewhere():
    sure, unsure = (
        align(star(shift=shift), Alignment("pca"), 0)[1]["align_uncertainty_deg"][0]
        for shift in (3, 0)
    )
    assert sure < 5 and unsure > 30


def test_nothing_is_done_and_said_without_alignment():
    forest = bushes()
    after, columns = align(forest, Alignment("none"), 0)
    assert after is forest and columns.shape == (forest.n, 0)


@pytest.mark.parametrize(
    "alignment, words",
    [
        (Alignment("upright", [0, 0, 0]), "pia_axis is 0 along"),
        (Alignment("pca", [0, 1, 0]), "align is 'pca', which asks for no vertical"),
    ],
)
def test_a_vertical_that_is_none_or_not_asked_for_is_refused(alignment, words):
    with pytest.raises(InputError, match=words):
        align(line(), alignment, 0)
