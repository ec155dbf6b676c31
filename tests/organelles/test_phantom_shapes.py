"""The phantom's classes differ in shape and not in size."""

import numpy as np
import pytest

from morphoflow.organelles.phantom.placement import place_objects, random_rotation
from morphoflow.organelles.phantom.render import volume_of
from morphoflow.organelles.phantom.shapes import CLASSES, Path, Shape, draw_shape

EXTENT = np.array([9000.0, 9000.0, 9000.0])


def shapes(name, n=30):
    rng = np.random.default_rng(5)
    return [draw_shape(name, rng) for _ in range(n)]


def tortuosity(shape):
    points = shape.paths[0].points
    return shape.length / np.linalg.norm(points[-1] - points[0])


def test_volume_of_a_ball_ended_tube():
    tube = Path(np.array([[0.0, 0, 0], [5.0, 0, 0]]), np.ones(2))
    shape = Shape("rod", (tube,), 0, 2, 0)
    assert volume_of(shape, 0.1) == pytest.approx(np.pi * (5 + 4 / 3), rel=0.01)


def test_rods_are_straight_and_curved_tubes_are_not():
    assert max(map(tortuosity, shapes("rod"))) < 1.1
    assert min(map(tortuosity, shapes("curved"))) > 1.3


def test_ends_of_curved_tubes_stay_apart():
    for shape in shapes("curved"):
        points = shape.paths[0].points
        assert np.linalg.norm(points[-1] - points[0]) > 4


def test_blobs_are_nearly_round():
    assert max(shape.length + 2.15 for shape in shapes("blob")) / 1.86 < 1.6


def test_side_branches_are_long_and_apart():
    for shape in shapes("branched"):
        assert len(shape.paths) == shape.branch_points + 1
        assert min(side.length for side in shape.paths[1:]) > 4
        for i, side in enumerate(shape.paths[1:]):
            for other in shape.paths[2 + i :]:
                apart = np.linalg.norm(side.points[:, None] - other.points[None], axis=2)
                assert apart.min() > 2.2


def test_donuts_have_a_hole():
    for shape in shapes("donut"):
        points = shape.paths[0].points
        np.testing.assert_array_equal(points[0], points[-1])
        assert np.linalg.norm(points - points[:-1].mean(axis=0), axis=1).min() > 2.2


def test_size_does_not_give_the_class_away():
    placed = place_objects(EXTENT, 40, np.random.default_rng(0))
    volume = np.array([item.volume_um3 for item in placed])
    truth = np.array([CLASSES.index(item.shape.label) for item in placed])
    edges = np.quantile(volume, np.linspace(0, 1, 9)[1:-1])
    bins = np.searchsorted(edges, volume)
    counts = np.zeros((8, len(CLASSES)))
    np.add.at(counts, (bins, truth), 1)
    recalls = [(counts.argmax(axis=1)[bins[truth == k]] == k).mean() for k in range(len(CLASSES))]
    assert np.mean(recalls) < 0.5
    assert volume.max() / volume.min() > 3


def test_rotations_turn_and_point_everywhere():
    rng = np.random.default_rng(2)
    turns = np.array([random_rotation(rng) for _ in range(2000)])
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1) - np.eye(3), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turns), 1)
    np.testing.assert_allclose((turns[:, :, 0] ** 2).mean(axis=0), 1 / 3, atol=0.03)


def test_objects_lie_apart_or_just_touch():
    placed = place_objects(EXTENT, 20, np.random.default_rng(4))
    points = [np.concatenate([p.points for p in item.shape.paths]) for item in placed]
    radii = [np.concatenate([p.radii for p in item.shape.paths]) for item in placed]
    gaps = []
    for i in range(len(placed)):
        for j in range(i):
            apart = np.linalg.norm(points[i][:, None] - points[j][None], axis=2)
            gaps.append((apart - radii[i][:, None] - radii[j][None]).min())
    gaps = np.array(gaps)
    assert gaps.min() > -20
    assert (gaps < 0).any()
    assert not ((gaps > 0) & (gaps < 30)).any()
