"""How far walks reach, counted by hand, and the steps and spacing chosen for it."""

import numpy as np
import pytest

from morphoflow.forest import concatenate, single
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.samples.reach import (
    WANTED,
    Stride,
    choose_stride,
    reach_table,
    tip_depths,
    tips,
)
from morphoflow.neurons.samples.resample import resample
from morphoflow.neurons.samples.walks import walks_and_visits
from synthetic_neurons import line, random_binary_tree, small_forest, y_shape

TREES = concatenate(
    [random_binary_tree(np.random.default_rng(i), 20, 7.0, f"tree{i}") for i in range(6)]
)


def reach_of(forest, n_walks: int, n_steps: int):
    how = {"n_walks": n_walks, "n_steps": n_steps, "children": "tips", "seed": 0}
    return reach_table(forest, walks_and_visits(forest, **how)[2], n_steps)


@pytest.mark.parametrize("spacing_um", [0.0, 0.3, 1.0, 4.0, 100.0])
def test_depths_are_those_of_the_resampled_tree(spacing_um):
    finer = resample(TREES, spacing_um)
    assert tip_depths(TREES, spacing_um).tolist() == tip_depths(finer, 0.0).tolist()


def test_the_depth_of_a_tip_counts_the_soma():
    assert tip_depths(y_shape(stem=2, left=3, right=4), 0.0).tolist() == [6, 7]
    assert tip_depths(line(5), 2.0).tolist() == [3]


@pytest.mark.parametrize(
    ("steps", "spacing_um"), [(None, None), (12, None), (None, 2.0), (40, None)]
)
def test_chosen_walks_come_to_the_wanted_share_of_tips(steps, spacing_um):
    stride = choose_stride(TREES, steps, spacing_um)
    assert steps is None or stride.steps == steps
    assert spacing_um is None or stride.spacing_um == spacing_um
    depth = tip_depths(TREES, stride.spacing_um)
    assert (depth <= stride.steps).mean() >= WANTED
    if steps is None:
        assert (depth <= stride.steps - 1).mean() < WANTED  # no step more than needed


def test_nodes_that_are_few_stay_and_what_is_given_stays():
    assert choose_stride(small_forest(), None, None).spacing_um == 0
    assert choose_stride(TREES, 3, 0.5) == Stride(3, 0.5)
    assert choose_stride(single("soma", np.zeros((1, 3)), [-1]), None, None) == Stride(2, 0.0)
    assert choose_stride(line(5000), None, 0.0).steps == 256


def test_dense_nodes_are_thinned_to_the_usual_number():
    dense = resample(TREES, 0.05)
    stride = choose_stride(dense, None, None)
    assert 16 <= stride.steps <= 40 and stride.spacing_um > 1


def test_shares_are_those_of_tips_and_nodes():
    y = y_shape(stem=2, left=3, right=4)
    full = reach_of(y, 200, 7).iloc[0]
    assert full.tolist() == ["y", 2, 1.0, 1.0, 1.0]
    short = reach_of(y, 200, 6).iloc[0]
    assert short.tolist() == ["y", 2, 0.5, 0.5, 9 / 10]
    one = reach_of(y, 1, 7).iloc[0]
    assert one["tips_within_reach"] == 1 and one["tips_reached"] == 0.5
    assert reach_of(single("soma", np.zeros((1, 3)), [-1]), 2, 3)["tips_reached"].tolist() == [1]


def test_what_is_reached_is_never_more_than_what_is_within_reach():
    table = reach_of(TREES, 30, 6)
    assert (table["tips_reached"] <= table["tips_within_reach"]).all()
    assert table["n_tips"].sum() == len(tips(TREES))


@pytest.mark.parametrize("spacing_um", [0.5, 20.0])
def test_counts_and_orders_do_not_depend_on_the_spacing_of_walks(spacing_um):
    x, names = morphometrics(TREES)
    finer = morphometrics(resample(TREES, spacing_um))[0]
    for name in ("n_tips", "n_branch_points", "n_stems", "max_branch_order", "strahler_order"):
        np.testing.assert_array_equal(finer[:, names.index(name)], x[:, names.index(name)])
