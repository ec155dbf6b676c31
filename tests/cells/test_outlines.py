"""Outlines as polygons, and as the share of each pixel inside."""

import numpy as np
import pytest

from morphoflow.cells.demo import digits
from morphoflow.cells.demo.demo import crop_scales, rasterise
from morphoflow.cells.shapes.outlines import Outlines, areas, centroids, clean, radii, read_outlines
from morphoflow.errors import InputError
from synthetic_outlines import SQUARE, blot, star, stars


def test_area_centroid_and_radius_of_a_triangle_are_known():
    triangle = Outlines.of([np.array([[0, 0], [6, 0], [0, 3]], dtype=float)])
    assert areas(triangle) == pytest.approx([9])
    assert centroids(triangle)[0] == pytest.approx([2, 1])
    assert radii(triangle)[0] == pytest.approx(np.hypot(4, 1))


def test_polygons_are_joined_and_taken_apart_again():
    joined = stars()
    assert np.array_equal(joined.take(np.array([3])).points, star(12, 3))
    assert np.array_equal(joined.points[joined.following][:8], joined.points[1:9])
    assert np.array_equal(joined.points[joined.following][8], joined.points[0])


def test_outlines_are_read_with_y_down():
    read = read_outlines("0 0\n4 0\n4 -2\n\n1 1\n2 1\n2 2\n", "cells.txt")
    assert read.n == 2
    assert read.points[:3].tolist() == [[0, 0], [4, 0], [4, 2]]


@pytest.mark.parametrize("text, reason", [("0 0\n4\n", "without x or"), ("0 a\n", "numbers")])
def test_outlines_that_cannot_be_read_are_named(text, reason):
    with pytest.raises(InputError, match=rf"cells.txt.*{reason}"):
        read_outlines(text, "cells.txt")


def test_cleaning_repairs_selects_and_gives_a_reason_for_each_that_goes():
    closed = np.concatenate([SQUARE[:2], SQUARE[1:], SQUARE[:1]])
    tiny, far = SQUARE / 6, SQUARE + 50
    kept, rows, reasons = clean(Outlines.of([closed, tiny, far, SQUARE]), least_area=4)
    assert rows.tolist() == [0, 2]
    assert np.array_equal(kept.points, np.concatenate([SQUARE, far]))
    assert list(reasons) == [1, 3]
    assert "area is 1" in reasons[1] and "copy of outline 0" in reasons[3]


def test_each_pixel_holds_the_share_of_it_that_is_inside():
    x = rasterise(Outlines.of([SQUARE / 6 * 2.5]), 4, 1.0)[0]
    side = np.array([0.25, 1, 1, 0.25])
    assert np.allclose(x, np.outer(side, side), atol=1e-6)


def test_shares_equal_those_of_a_fine_grid():
    x = rasterise(stars(), 24, 1.0)
    fine = rasterise(stars(), 24 * 32, 32.0).reshape(5, 24, 32, 24, 32).mean(axis=(2, 4))
    assert np.allclose(x, fine, atol=1e-5)
    inside = rasterise(stars(), 24 * 32, 32.0) > 0.5
    assert np.allclose(x, inside.reshape(5, 24, 32, 24, 32).mean(axis=(2, 4)), atol=0.03)


@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0, 200.0])
@pytest.mark.parametrize("scale", [0.37, 1.0])
def test_filled_area_and_centre_of_mass_are_those_of_the_polygon(angle, scale):
    x = rasterise(stars(), 24, scale, angle=angle, flip=angle > 40)
    assert np.allclose(x.sum(axis=(1, 2)), np.abs(areas(stars())) * scale**2, rtol=1e-5)
    place = np.arange(24) - 11.5
    total = x.sum(axis=(1, 2))
    # A border pixel's mass counts at its middle: some hundredths of a pixel.
    assert np.allclose(x.sum(axis=1) @ place / total, 0, atol=0.03)
    assert np.allclose(x.sum(axis=2) @ place / total, 0, atol=0.03)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_and_flips_of_the_polygon_permute_the_pixels(turns):
    upright, mirrored = rasterise(stars(), 24, 1.0), rasterise(stars(), 24, 1.0, flip=True)
    assert np.allclose(mirrored, upright[:, :, ::-1], atol=1e-6)
    turned = rasterise(stars(), 24, 1.0, angle=90.0 * turns)
    assert np.allclose(turned, np.rot90(upright, turns, axes=(1, 2)), atol=1e-6)
    both = rasterise(stars(), 24, 1.0, angle=90.0 * turns, flip=True)
    assert np.allclose(both, np.rot90(mirrored, turns, axes=(1, 2)), atol=1e-6)


def test_a_polygon_is_turned_counter_clockwise_as_displayed():
    pointer = Outlines.of([np.array([[-1, -1], [9, 0], [-1, 1]], dtype=float)])
    x = rasterise(pointer, 24, 1.0, angle=30.0)[0]
    rows, columns = np.nonzero(x)
    far = np.argmax(np.hypot(rows - 11.5, columns - 11.5))
    assert columns[far] > 14 and rows[far] < 11


def test_each_polygon_has_its_own_scale_angle_and_flip():
    scale, angle = np.array([0.3, 0.5, 0.7, 0.9, 1.1]), np.array([0.0, 20, 40, 90, 300])
    flip = np.array([True, False, True, False, True])
    together = rasterise(stars(), 24, scale, angle=angle, flip=flip)
    for k in range(5):
        alone = rasterise(
            stars().take(np.array([k])), 24, scale[k], angle=angle[k], flip=bool(flip[k])
        )
        assert np.allclose(together[k], alone[0], atol=1e-6)


def test_direction_and_windings_do_not_matter_and_what_is_outside_is_cut_off():
    twice = Outlines.of([SQUARE, SQUARE[::-1], np.concatenate([SQUARE, SQUARE])])
    x = rasterise(twice, 8, 1.0)
    assert np.allclose(x, x[:1], atol=1e-6)
    small = rasterise(stars(), 8, 1.0)
    assert np.allclose(small, rasterise(stars(), 24, 1.0)[:, 8:16, 8:16], atol=1e-6)


def test_scales_fit_the_largest_cell_or_each_at_any_angle():
    for scaling in ("common", "each"):
        scale = crop_scales(stars(), 24, scaling)
        assert (len(np.unique(scale)) == 1) == (scaling == "common")
        reach = radii(stars()) * scale
        assert reach.max() == pytest.approx(11)
        assert scaling == "common" or np.allclose(reach, 11)
        x = rasterise(stars(), 24, scale, angle=33.0)
        assert np.allclose(x.sum(axis=(1, 2)), np.abs(areas(stars())) * scale**2, rtol=1e-5)


def test_blocks_do_not_change_what_is_drawn(monkeypatch):
    from morphoflow.cells.demo import demo

    whole = rasterise(stars(), 24, 1.0)
    monkeypatch.setattr(demo, "BLOCK", 2)
    assert np.array_equal(rasterise(stars(), 24, 1.0), whole)
    angle, flip = np.array([10.0, 20, 30]), np.array([False, True, False])
    drawn = digits.orient(blot(), angle, flip, "bilinear")
    monkeypatch.setattr(digits, "BLOCK", 1)
    assert np.array_equal(digits.orient(blot(), angle, flip, "bilinear"), drawn)


def test_no_outlines_make_no_images():
    assert rasterise(Outlines.of([]), 8, 1.0).shape == (0, 8, 8)
    assert areas(Outlines.of([])).shape == (0,)
