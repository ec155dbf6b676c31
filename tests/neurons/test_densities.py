"""Density maps: no cable is lost, and each voxel holds what is in it."""

from dataclasses import replace

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import concatenate, single
from morphoflow.neurons.samples.densities import cube, density_maps, enclosing_cube
from synthetic_neurons import line, small_forest


def segment(begin, end):
    """Cable from one place to another, hung on the soma by a node far outside all boxes."""
    return single("segment", np.array([[0, 0, 0], begin, end]), [-1, 0, 1])


@pytest.mark.parametrize("half_width", [0.7, 3.0, 50.0])
@pytest.mark.parametrize("bins", [1, 7, 20])
def test_the_cable_inside_and_outside_is_the_whole_cable(half_width, bins):
    forest = small_forest(20)
    x, outside = density_maps(forest, bins=bins, extent_um=cube(half_width))
    assert x.dtype == np.float32 and x.shape == (20, bins, bins, bins)
    assert (x >= 0).all() and (outside >= 0).all()
    assert np.allclose(x.sum(axis=(1, 2, 3)) + outside, forest.cable_length, rtol=1e-5)
    assert half_width < 50 or (outside == 0).all()


def test_a_line_along_x_fills_the_voxels_that_it_crosses():
    x, outside = density_maps(line(5), bins=4, extent_um=((-1, 3), (-0.5, 3.5), (-2.5, 1.5)))
    expected = np.zeros((4, 4, 4))
    expected[1:, 0, 2] = 1
    assert np.allclose(x[0], expected) and outside[0] == 1


def test_voxels_may_have_any_shape():
    extent = ((0, 3), (-2, 6), (-0.25, 0.25))
    tilted = line(2, step_um=5.0, direction=(3, 4, 0))
    x, outside = density_maps(tilted, bins=2, extent_um=extent)
    expected = np.zeros((2, 2, 2))
    expected[0, 0, 1], expected[1, 0, 1], expected[1, 1, 1] = 2.5, 0.0, 2.5
    assert np.allclose(x[0], expected, atol=1e-6) and outside[0] == pytest.approx(0, abs=1e-6)


def test_the_cut_agrees_with_fine_sampling():
    forest = small_forest(4, seed=3)
    extent, bins, pieces = ((-2, 1), (-1, 2.5), (-1.5, 1)), 6, 20000
    x, _ = density_maps(forest, bins=bins, extent_um=extent)
    share = (np.arange(pieces) + 0.5) / pieces
    for i in range(4):
        tree = forest.neuron(i)
        begin, end = tree.xyz[tree.parent[1:]], tree.xyz[1:]
        points = begin[:, None] + share[:, None] * (end - begin)[:, None]
        weight = np.repeat(tree.segment_length[1:] / pieces, pieces)
        sampled, _ = np.histogramdd(points.reshape(-1, 3), bins, extent, weights=weight)
        assert np.allclose(x[i], sampled, atol=2e-3)


@pytest.mark.parametrize("begin, end", [((2, 1, 0), (-2, 1, 0)), ((-2, 1, 0), (2, 1, 0))])
def test_cable_on_a_face_between_voxels_is_counted_once(begin, end):
    x, outside = density_maps(segment(begin, end), bins=4, extent_um=cube(2))
    assert x.sum() + outside[0] == pytest.approx(4 + 5**0.5, rel=1e-6) and outside[0] == 0


def test_cable_outside_and_cable_through_the_box():
    far, through = segment((0, 0, 9), (9, 0, 9)), segment((-9, 0.5, 9), (9, 0.5, -9))
    forest = replace(concatenate([far, through]), ids=np.array(["far", "through"]))
    # The box begins at y = 0.1, so that the cable from the soma to the segments passes beside it.
    x, _ = density_maps(forest, bins=3, extent_um=((-1, 1), (0.1, 1), (-1, 1)))
    assert x[0].sum() == 0
    assert x[1].sum() == pytest.approx(2 * 2**0.5, rel=1e-5)


def test_exchanging_axes_exchanges_the_axes_of_the_map():
    forest = small_forest()
    x, outside = density_maps(forest, bins=8, extent_um=cube(2.3))
    swapped = replace(forest, xyz=np.ascontiguousarray(forest.xyz[:, [2, 0, 1]]))
    x_swapped, outside_swapped = density_maps(swapped, bins=8, extent_um=cube(2.3))
    assert np.allclose(x_swapped, x.transpose(0, 3, 1, 2), atol=1e-6)
    assert np.allclose(outside_swapped, outside, atol=1e-6)


def test_coarse_voxels_are_sums_of_fine_ones():
    forest = small_forest()
    fine, _ = density_maps(forest, bins=12, extent_um=cube(2))
    coarse, _ = density_maps(forest, bins=4, extent_um=cube(2))
    assert np.allclose(fine.reshape(6, 4, 3, 4, 3, 4, 3).sum(axis=(2, 4, 6)), coarse, atol=1e-5)


def test_a_soma_alone_and_cable_of_length_zero_give_an_empty_map():
    x, outside = density_maps(single("s", np.zeros((3, 3)), [-1, 0, 1]), bins=3, extent_um=cube(1))
    assert (x == 0).all() and outside[0] == 0


def test_the_enclosing_cube_of_a_line_is_the_share_of_its_length():
    for fraction in (0.25, 0.5, 1.0):
        extent = enclosing_cube(line(5), fraction=fraction)
        assert np.allclose(extent, cube(4 * fraction), rtol=1e-6)


@pytest.mark.parametrize("fraction", [0.5, 0.9, 0.99])
def test_the_enclosing_cube_holds_the_fraction_and_no_smaller_one_does(fraction):
    forest = small_forest(20)
    half_width = enclosing_cube(forest, fraction=fraction)[0][1]
    for width, holds in ((half_width * 1.0001, True), (half_width * 0.9999, False)):
        _, outside = density_maps(forest, bins=2, extent_um=cube(width))
        assert (1 - outside.sum() / forest.cable_length.sum() >= fraction) == holds


def test_no_cable_at_all_is_an_error_that_names_the_way_out():
    with pytest.raises(InputError, match="give the extent in um"):
        enclosing_cube(single("s", np.zeros((1, 3)), [-1]), fraction=0.9)
