"""Contours, hulls, radii and quantiles of objects."""

import numpy as np
import pytest
from scipy.ndimage import label

from drawn_shapes import CORNER, ring
from morphoflow.cells.shapes.contours import contours
from morphoflow.cells.shapes.geometry import extents, hulls
from morphoflow.cells.shapes.outlines import areas
from morphoflow.cells.shapes.pixels import euler_numbers, ordered_quantiles, radii


def test_contours_run_around_objects_and_the_other_way_around_holes():
    found, image = contours(np.concatenate([ring(10, 4), ring(6, 0)]))
    assert image.tolist() == [0, 0, 1]
    # Marching squares cut an eighth of a pixel off each corner, outside and inside.
    assert sorted(areas(found)) == pytest.approx([-15.5, 35.5, 99.5])
    assert found.points[found.owner == 2].min() == 28.5


def test_contours_close_at_the_border_and_join_corners_by_the_mean():
    assert areas(contours(np.ones((1, 3, 5)))[0]) == pytest.approx([14.5])
    diagonal = np.zeros((2, 4, 4))
    diagonal[:, 1, 1] = diagonal[:, 2, 2] = 1
    diagonal[1, 1, 2] = diagonal[1, 2, 1] = 0.2
    found, image = contours(diagonal)
    assert image.tolist() == [0, 0, 1]
    assert areas(found)[:2] == pytest.approx([0.5, 0.5])


def test_hulls_of_random_points_hold_all_and_are_as_wide_as_any_two():
    rng = np.random.default_rng(0)
    points, owner = rng.normal(size=(300, 2)), np.repeat(np.arange(6), 50)
    hull = hulls(points, owner, 6)
    step = hull.points[hull.following] - hull.points
    for k in range(6):
        mine = hull.owner == k
        offset = points[owner == k][:, None] - hull.points[mine]
        turn = step[mine, 0] * offset[..., 1] - step[mine, 1] * offset[..., 0]
        assert turn.min() > -1e-12
    widest, narrowest, rectangle = extents(hull.points, hull.offsets).T
    pairs = np.linalg.norm(points.reshape(6, 50, 1, 2) - points.reshape(6, 1, 50, 2), axis=3)
    assert np.allclose(widest, pairs.max(axis=(1, 2)))
    turn = np.deg2rad(np.arange(0, 180, 0.05))
    along = np.ptp(points.reshape(6, 50, 2) @ [np.cos(turn), np.sin(turn)], axis=1)
    assert np.allclose(narrowest, along.min(axis=1), atol=1e-3)
    boxes = along * np.roll(along, len(turn) // 2, axis=1)
    assert np.allclose(rectangle, boxes.min(axis=1), rtol=2e-3)


def test_widths_of_a_turned_rectangle():
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    hull = hulls(CORNER * [5, 2] @ turn, np.zeros(4, dtype=int), 1)
    assert extents(hull.points, hull.offsets)[0] == pytest.approx([np.sqrt(29), 2, 10])


def test_euler_numbers_count_objects_less_holes():
    inside = np.random.default_rng(0).uniform(size=(20, 9, 9)) < 0.5
    eight = np.ones((3, 3))
    for number, pixels in zip(euler_numbers(inside), inside, strict=True):
        # Holes are parts of the outside that do not reach the frame, joined at sides alone.
        holes = label(~np.pad(pixels, 1))[1] - 1
        assert number == label(pixels, eight)[1] - holes


def test_radii_end_at_the_border_of_the_crop_and_other_objects_do_not_matter():
    whole = np.ones((3, 5, 5), dtype=bool)
    whole[1] = np.eye(5)
    found = radii(whole)
    assert found["MaximumRadius"] == pytest.approx([3, 1, 3])
    # One pixel at distance 3, eight at 2, sixteen at 1.
    assert found["MeanRadius"] == pytest.approx([35 / 25, 1, 35 / 25])
    assert found["MedianRadius"] == pytest.approx([1, 1, 1])


def test_quantiles_of_the_inside_are_those_of_numpy():
    rng = np.random.default_rng(0)
    values, inside = rng.normal(size=(5, 6, 6)), rng.uniform(size=(5, 6, 6)) < 0.4
    found = ordered_quantiles(values, inside, (0, 0.25, 0.5, 1))
    for k in range(5):
        expected = np.quantile(values[k][inside[k]], (0, 0.25, 0.5, 1))
        assert np.array([q[k] for q in found]) == pytest.approx(expected)
