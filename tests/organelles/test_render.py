"""Pictures of solids: what is seen, from where, and how it is lit."""

import numpy as np
import pytest

from morphoflow.organelles.samples.render import AMBIENT, clouds, surfaces

SIZE = 32
Z, Y, X = np.indices((SIZE,) * 3) - (SIZE - 1) / 2


def ball(radius: float) -> np.ndarray:
    return np.clip(radius + 0.5 - np.sqrt(Z**2 + Y**2 + X**2), 0, 1)


def test_the_silhouette_is_the_shadow_of_the_solid():
    picture = surfaces(ball(10)[None])[0]
    assert (picture > 0).sum() == pytest.approx(np.pi * 10**2, rel=0.05)
    np.testing.assert_array_equal(picture > 0, (ball(10) > 0.5).any(axis=0))


def test_a_ball_is_brightest_towards_the_light_and_dark_at_the_far_edge():
    picture = surfaces(ball(12)[None])[0]
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    assert row < SIZE / 2 and column < SIZE / 2 and picture.max() > 0.95
    edge = (ball(12) > 0.5).any(axis=0) & (Y[0] + X[0] > 15)
    assert picture[edge].max() < AMBIENT + 0.15


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_plate_is_seen_from_its_broad_side(axis):
    thickness = np.moveaxis(np.stack([Z, Y, X]), 0, 0)[axis]
    plate = ((np.abs(thickness) < 2) & (np.abs(Z) < 10) & (np.abs(Y) < 10) & (np.abs(X) < 10)) * 1.0
    assert (surfaces(plate[None])[0] > 0).sum() == 20 * 20


def test_pictures_do_not_depend_on_the_scale_of_coverage_and_nothing_is_black():
    np.testing.assert_allclose(surfaces(ball(9)[None]), surfaces(ball(9)[None] / 4), atol=1e-6)
    assert not surfaces(np.zeros((1, 8, 8, 8))).any()


def test_nearer_points_of_a_cloud_are_brighter_and_all_are_within_the_picture():
    points = np.array([[[-1, 0, -1], [1, 0, 1], [0, 1, 0]]], dtype=float)
    picture = clouds(points, 64)[0]
    near, far = picture[32, :20].max(), picture[32, 44:].max()
    assert near > picture[40:, 32].max() > far > 0
    assert not picture[0].any() and not picture[:, 0].any()
