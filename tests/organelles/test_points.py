"""Points lie on the surface, as dense everywhere, whoever samples them and however it lies."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import kstest

from morphoflow.organelles.samples.clouds import (
    PointSettings,
    blue_noise,
    farthest,
    point_cloud,
    rms_radius,
)
from morphoflow.organelles.samples.surface_points import surface_net, surface_points
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source


class Memory:
    """An array as a volume."""

    path, voxel_size_nm, chunks = "memory", None, (8, 8, 8)

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, box):
        return np.ascontiguousarray(self.array[box.slices])


def sample(inside, nm, number=2000, seed=0, most=1 << 22):
    """Points on an object of label 5 from the first corner of its box, their area, and the box."""
    box = box_around(inside)
    source = Source(Memory(np.where(inside, 5, 0).astype(np.uint16)), None, nm)
    points, area = surface_points(source, 5, box, number, np.random.default_rng(seed), most)
    return points, area, box


def box_around(inside):
    found = np.argwhere(inside)
    return Box(tuple(found.min(axis=0).tolist()), tuple((found.max(axis=0) + 1).tolist()))


def cloud(inside, nm=(30.0, 8.0, 8.0), most=1 << 22, **changed):
    settings = {"number": 500, "sampling": "uniform", "scale": "nm"}
    source = Source(Memory(np.where(inside, 5, 0).astype(np.uint16)), None, nm)
    chosen = PointSettings(**{**settings, "seed": 0, **changed})
    return point_cloud(source, 5, box_around(inside), chosen, most)


def ball(radius_nm, nm):
    """A ball of voxels of ``nm``, whose centre is that of its box."""
    half = [int(radius_nm / n) + 2 for n in nm]
    z, y, x = np.meshgrid(
        *(np.arange(-h, h + 1) * n for h, n in zip(half, nm, strict=True)), indexing="ij"
    )
    return z**2 + y**2 + x**2 < radius_nm**2


def bent_rod():
    """A bent rod with a head: no symmetry, three unlike axes."""
    z, y, x = np.meshgrid(np.arange(30), np.arange(40), np.arange(70), indexing="ij")
    line = (z - 10) ** 2 + (y - 10 - (x - 20) ** 2 / 90) ** 2 < 25
    head = (z - 12) ** 2 + (y - 15) ** 2 + (x - 56) ** 2 < 64
    return (line & (x > 4) & (x < 56)) | head


@pytest.mark.parametrize("nm", [(8.0, 8.0, 8.0), (30.0, 8.0, 8.0)])
def test_points_of_a_ball_lie_at_its_radius_and_uniformly(nm):
    radius = 160.0
    points, area, box = sample(ball(radius, nm), nm, number=4000)
    points = points - np.array(box.shape)[::-1] * nm[::-1] / 2
    distance = np.linalg.norm(points, axis=1)
    assert abs(distance.mean() - radius) < 0.02 * radius
    assert np.abs(distance - radius).max() < 0.75 * max(nm)
    # Steps between thick slices have more area than the ball.
    assert area == pytest.approx(4 * np.pi * radius**2, rel=0.03 if nm[0] == 8 else 0.1)
    # On a sphere each coordinate is uniform between -radius and radius.
    for axis in range(3):
        spread = points[:, axis] / distance
        assert np.abs(spread).mean() == pytest.approx(0.5, abs=0.025)
        assert kstest(spread, "uniform", (-1, 2)).statistic < 0.035


def test_sides_of_a_cuboid_have_points_by_their_area():
    inside = np.zeros((14, 46, 34), bool)
    inside[2:12, 3:43, 2:32] = True  # 300 x 320 x 240 nm
    points, _, _ = sample(inside, (30.0, 8.0, 8.0), number=20_000)
    sides = np.array([240.0, 320.0, 300.0])  # x, y, z
    to_low, to_high = np.abs(points).T, np.abs(points - sides).T
    share = (np.minimum(to_low, to_high).argmin(axis=0)[:, None] == np.arange(3)).mean(axis=0)
    faces = sides.prod() / sides
    np.testing.assert_allclose(share, faces / faces.sum(), atol=0.02)
    np.testing.assert_allclose((to_low < to_high).mean(axis=1), 0.5, atol=0.015)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 9), (1, 1, 12)])
def test_thin_objects_keep_their_extent_and_two_sides(shape):
    points, area, _ = sample(np.ones(shape, bool), (30.0, 8.0, 8.0))
    sides = np.array(shape)[::-1] * (8.0, 8.0, 30.0)
    assert area > 0 and (points >= 0).all() and (points <= sides + 1e-9).all()
    # Where a voxel has neighbours on neither side its edges are bevelled by a third of it.
    assert (np.ptp(points, axis=0) > 0.3 * sides).all()
    if shape == (1, 9, 9):
        assert np.ptp(points, axis=0)[2] == pytest.approx(30)
        assert 2 * 72**2 < area < 2 * 72**2 + 4 * 72 * 30


def test_pieces_partition_the_surface():
    inside = bent_rod()
    whole = sample(inside, (30.0, 8.0, 8.0), number=4000)
    parted = sample(inside, (30.0, 8.0, 8.0), number=4000, most=2000)
    assert parted[1] == pytest.approx(whole[1], rel=1e-9)
    for axis in range(3):
        assert kstest(whole[0][:, axis], parted[0][:, axis]).pvalue > 1e-3


def test_the_net_is_closed():
    vertices, faces = surface_net(np.pad(bent_rod(), 1), (slice(1, 31), slice(1, 41), slice(1, 71)))
    edges = np.sort(np.stack([faces, np.roll(faces, 1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    count = np.unique(edges, axis=0, return_counts=True)[1]
    assert (count % 2 == 0).all() and (faces >= 0).all() and len(vertices) == faces.max() + 1


def test_even_points_keep_their_distance():
    points, area, _ = sample(ball(160.0, (8.0,) * 3), (8.0,) * 3, number=3000)
    nearest = {}
    for name, rows in {
        "uniform": np.arange(300),
        "farthest": farthest(points, 300),
        "blue": blue_noise(points, 300, area),
    }.items():
        assert len(set(rows.tolist())) == 300
        nearest[name] = cKDTree(points[rows]).query(points[rows], 2)[0][:, 1]
    # No 300 points of this area can all be farther apart than on a hexagonal grid.
    bound = np.sqrt(2 * area / (np.sqrt(3) * 300))
    assert nearest["uniform"].min() < 0.2 * bound
    assert nearest["farthest"].min() > 0.6 * bound and nearest["blue"].min() > 0.6 * bound
    assert nearest["blue"].mean() > nearest["uniform"].mean() * 1.5


def test_the_farthest_points_are_those_of_the_definition():
    points = np.random.default_rng(3).normal(size=(400, 3))
    chosen = [0]
    for _ in range(59):
        distance = np.linalg.norm(points[:, None] - points[chosen], axis=2).min(axis=1)
        chosen.append(int(distance.argmax()))
    assert farthest(points, 60).tolist() == chosen


def test_removed_points_are_always_the_most_crowded():
    points = np.random.default_rng(4).random((150, 3)) * (1, 1, 0)
    reach = 2 * np.sqrt(1 / (2 * np.sqrt(3) * 50))
    least = reach * (1 - (50 / 150) ** 1.5) * 0.65
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    weight = np.clip(1 - np.maximum(distance, least) / reach, 0, None) ** 8
    np.fill_diagonal(weight, 0)
    kept = np.ones(150, bool)
    for _ in range(100):
        kept[np.where(kept, (weight * kept).sum(axis=1), -1).argmax()] = False
    np.testing.assert_array_equal(blue_noise(points, 50, 1.0), np.flatnonzero(kept))


@pytest.mark.parametrize("sampling", ["uniform", "farthest", "blue_noise"])
def test_a_cloud_is_centred_and_of_unit_size_with_its_scale(sampling):
    nm, one = cloud(bent_rod(), sampling=sampling)
    unit, scale = cloud(bent_rod(), sampling=sampling, scale="unit")
    assert nm.shape == (500, 3) and nm.dtype == np.float32 and one == 1
    np.testing.assert_allclose(nm.mean(axis=0), 0, atol=1e-3)
    assert rms_radius(unit) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(unit * scale, nm, rtol=1e-4, atol=1e-3)


def test_a_cloud_depends_on_seed_and_object_but_not_on_its_place():
    inside = bent_rod()
    moved = np.pad(inside, ((3, 0), (5, 2), (1, 9)))
    np.testing.assert_array_equal(cloud(inside)[0], cloud(moved)[0])
    assert (cloud(inside, seed=1)[0] != cloud(inside)[0]).any()
