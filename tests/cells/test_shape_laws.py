"""What shape features do not depend on, and how they scale."""

import numpy as np
import pytest

from drawn_shapes import SIZE, cells, drawn, ellipse, measured, of, ring
from morphoflow.cells.shapes.features import ORIENTED, invariant, shape_features


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_and_flips_change_nothing_but_the_orientation(turns, flip):
    weights = np.concatenate([cells(), ring(20, 8), cells(1) > 0.5])
    x = weights[:, None] * np.random.default_rng(1).uniform(size=(len(weights), 2, SIZE, SIZE))

    def moved(values):
        values = np.rot90(values[..., ::-1] if flip else values, turns, axes=(-2, -1))
        return np.ascontiguousarray(values)

    upright, names = invariant(shape_features(x, weights, ["a", "b"], None))
    turned, _ = invariant(shape_features(moved(x), moved(weights), ["a", "b"], None))
    assert not set(names) & set(ORIENTED) and len(names) > 80
    spread = upright.std(axis=0) + 1e-6 * np.abs(upright).mean(axis=0)
    assert np.abs(turned - upright).max() < np.inf
    assert (np.abs(turned - upright) <= 1e-4 * spread + 1e-9).all()


@pytest.mark.parametrize("angle", [20.0, 45.0])
def test_other_turns_change_little_beside_what_cells_differ_by(angle):
    names, upright = zip(*measured(cells()).items(), strict=True)
    turned = list(measured(cells(angle=angle)).values())
    for name, one, other in zip(names, upright, turned, strict=True):
        if name.startswith("Intensity") or name in ORIENTED:
            continue
        tolerance = max(0.15 * one.std(), 0.01 * np.abs(one).max(), 5e-3)
        # Radii are distances between the middles of pixels.
        tolerance += 0.3 * ("Radius" in name)
        assert np.abs(one - other).max() <= tolerance, name


def test_the_orientation_turns_with_the_object():
    for angle in (0.0, 30.0, 80.0, 135.0):
        found = of(drawn(ellipse(24, 12), angle), "AreaShape_Orientation_deg")
        # A horizontal axis lies 90 degrees from the vertical.
        assert (found - 90 - angle + 90) % 180 - 90 == pytest.approx(0, abs=0.1)


def test_lengths_and_areas_scale_with_the_pixel_size_and_numbers_do_not():
    pixels, microns = measured(cells()), measured(cells(), 0.25)
    assert [name.replace("_px", "_um") for name in pixels] == list(microns)
    for name, in_um in zip(pixels, microns.values(), strict=True):
        power = 2 if name.endswith("_px2") else 1 if name.endswith("_px") else 0
        assert np.allclose(in_um, pixels[name] * 0.25**power, rtol=1e-12)


def test_where_an_object_lies_does_not_matter():
    weights = cells()
    weights = np.where(np.abs(np.arange(SIZE) - 31.5) < 26, weights, 0)
    moved = np.roll(weights, (3, -5), axis=(1, 2))
    x = np.ones((len(weights), 0, SIZE, SIZE))
    here, there = (shape_features(x, w, [], None) for w in (weights, moved))
    for name, values in here.items():
        assert np.allclose(values, there[name], rtol=1e-6, atol=1e-9), name


def test_no_shape_is_rounder_than_a_disc_or_fuller_than_its_hull():
    rng = np.random.default_rng(0)
    noise = rng.uniform(size=(30, 16, 16)) < 0.3
    features = measured(np.concatenate([noise, noise & noise[:, ::-1]]).astype(float)[:40])
    assert (features["Contour_FormFactor"] <= 1).all()
    assert (features["Contour_Solidity"] <= 1 + 1e-12).all()
    assert (features["Contour_RectangleExtent"] <= 1 + 1e-12).all()
    wide, narrow = (features[f"Contour_{k}FeretDiameter_px"] for k in ("Max", "Min"))
    assert (wide >= narrow).all()


def test_every_object_has_finite_features_down_to_one_pixel():
    weights = np.zeros((4, 9, 9))
    weights[0, 4, 4] = 1
    weights[1, 4, 2:7] = 1
    weights[2, 0, 0] = weights[2, 8, 8] = 1
    weights[3, 4, 4] = 0.1
    features = shape_features(np.zeros((4, 1, 9, 9)), weights, ["black"], None)
    assert all(np.isfinite(values).all() for values in features.values())


def test_stairs_of_a_mask_do_not_lengthen_its_border():
    rows, columns = np.mgrid[:SIZE, :SIZE] - 31.5
    hard = (rows**2 + columns**2 <= 400).astype(np.float64)[None]
    assert of(hard, "Contour_Perimeter_px") == pytest.approx(np.pi * 40, rel=0.02)
    assert of(hard, "Contour_FormFactor") == pytest.approx(1, abs=0.03)


def test_scikit_image_agrees_where_it_measures_the_same():
    measure = pytest.importorskip("skimage.measure")
    weights = (cells() > 0.5).astype(np.float64)
    features = measured(weights)
    for k, pixels in enumerate(weights.astype(np.uint8)):
        (theirs,) = measure.regionprops(pixels)
        for name, expected, tolerance in (
            ("AreaShape_Area_px2", theirs.area, 1e-9),
            ("AreaShape_MajorAxisLength_px", theirs.axis_major_length, 2e-3),
            ("AreaShape_MinorAxisLength_px", theirs.axis_minor_length, 2e-3),
            ("AreaShape_Orientation_deg", np.rad2deg(theirs.orientation), 1e-6),
            ("AreaShape_Extent", theirs.extent, 1e-9),
            ("AreaShape_EulerNumber", theirs.euler_number, 0),
            # Theirs are measured on the stairs of the hull's pixels.
            ("Contour_MaxFeretDiameter_px", theirs.feret_diameter_max, 0.03),
            ("Moment_Hu_0", theirs.moments_hu[0], 2e-3),
            ("Moment_Hu_2", theirs.moments_hu[2], 2e-3),
        ):
            found = features[name][k]
            assert found == pytest.approx(expected, rel=tolerance), name
