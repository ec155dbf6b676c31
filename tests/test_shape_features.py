"""Shape features: discs, ellipses, rectangles and rings with known answers, and invariances."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import label

import measure_shapes
from morphoflow.cells import shape_store
from morphoflow.cells.outlines import Outlines, areas
from morphoflow.cells.outlines_raster import rasterise
from morphoflow.cells.shape_contours import contours
from morphoflow.cells.shape_features import (
    ORIENTED,
    invariant,
    object_weights,
    shape_features,
)
from morphoflow.cells.shape_fourier import fourier_descriptors
from morphoflow.cells.shape_hulls import extents, hulls
from morphoflow.cells.shape_moments import moments, zernike
from morphoflow.cells.shape_pixels import euler_numbers, ordered_quantiles, radii
from morphoflow.errors import InputError
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import write_objects

SIZE, CORNER = 64, np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2


def ellipse(a: float, b: float, n: int = 720) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([a * np.cos(t), b * np.sin(t)], axis=1)


def drawn(polygon: np.ndarray, angle: float = 0.0, size: int = SIZE) -> np.ndarray:
    """One anti-aliased object (1, size, size), its centroid in the middle."""
    return rasterise(Outlines.of([polygon]), size, 1.0, angle=angle).astype(np.float64)


def ring(outer: int, hole: int) -> np.ndarray:
    """A square of ``outer`` pixels with a square hole, (1, SIZE, SIZE)."""
    weights = np.zeros((1, SIZE, SIZE))
    for side, value in ((outer, 1), (hole, 0)):
        low = (SIZE - side) // 2
        weights[:, low : low + side, low : low + side] = value
    return weights


def cells(n: int = 6, angle: float = 0.0, flip: bool = False) -> np.ndarray:
    """Smooth lobed objects (n, SIZE, SIZE), no two alike and none symmetric."""
    rng, t = np.random.default_rng(0), np.linspace(0, 2 * np.pi, 400, endpoint=False)
    amplitude, phase = rng.uniform(1, 3, size=(n, 3)), rng.uniform(0, 6, size=(n, 3))
    waves = [np.cos(np.outer(np.ones(n) * k, t) + phase[:, [k - 1]]) for k in (1, 2, 3)]
    radius = 17 + sum(amplitude[:, [k]] * wave for k, wave in enumerate(waves))
    points = [np.stack([r * np.cos(t), r * np.sin(t)], axis=1) for r in radius]
    return rasterise(Outlines.of(points), SIZE, 1.0, angle=angle, flip=flip).astype(np.float64)


def measured(weights: np.ndarray, pixel_um: float | None = None) -> dict[str, np.ndarray]:
    """Features of objects in whose crops intensity rises from left to right and is 0 outside."""
    rows, columns = np.mgrid[: weights.shape[1], : weights.shape[2]]
    x = np.stack(
        [weights, weights * np.exp(-((rows - 20) ** 2 + (columns - 28) ** 2) / 400)], axis=1
    )
    return shape_features(x, weights, ["flat", "spot"], pixel_um)


def of(weights: np.ndarray, name: str) -> float:
    return float(measured(weights)[name][0])


# Known answers


DISC, LONG, RECTANGLE = drawn(ellipse(20, 20)), drawn(ellipse(24, 12)), drawn(CORNER * [30, 12])
# Ramanujan's second approximation, good to 1e-6 here.
H = (12 / 36) ** 2
LONG_PERIMETER = np.pi * 36 * (1 + 3 * H / (10 + np.sqrt(4 - 3 * H)))
KNOWN = [
    (DISC, "AreaShape_Area_px2", np.pi * 400, 0.001),
    (DISC, "AreaShape_Perimeter_px", np.pi * 40, 0.01),
    (DISC, "AreaShape_MajorAxisLength_px", 40, 0.001),
    (DISC, "AreaShape_MinorAxisLength_px", 40, 0.001),
    (DISC, "AreaShape_EquivalentDiameter_px", 40, 0.001),
    (DISC, "AreaShape_MaxFeretDiameter_px", 40, 0.01),
    (DISC, "AreaShape_MinFeretDiameter_px", 40, 0.01),
    (DISC, "AreaShape_ConvexArea_px2", np.pi * 400, 0.01),
    (DISC, "AreaShape_FormFactor", 1, 0.01),
    (DISC, "AreaShape_Compactness", 1, 0.01),
    (DISC, "AreaShape_Solidity", 1, 0.01),
    (DISC, "AreaShape_Extent", np.pi / 4, 0.01),
    (DISC, "AreaShape_RectangleExtent", np.pi / 4, 0.01),
    (DISC, "AreaShape_EulerNumber", 1, 0),
    # Distances end in the middle of a pixel outside, a fourth to half of a pixel further on.
    (DISC, "AreaShape_MaximumRadius_px", 20.25, 0.05),
    (DISC, "AreaShape_MeanRadius_px", 20 / 3 + 0.25, 0.02),
    (DISC, "AreaShape_MedianRadius_px", 20 * (1 - np.sqrt(0.5)) + 0.25, 0.02),
    (DISC, "AreaShape_HuMoment_0", 1 / (2 * np.pi), 0.002),
    (DISC, "AreaShape_Zernike_0_0", 1, 0.01),
    (LONG, "AreaShape_Area_px2", np.pi * 24 * 12, 0.001),
    (LONG, "AreaShape_Perimeter_px", LONG_PERIMETER, 0.01),
    (LONG, "AreaShape_MajorAxisLength_px", 48, 0.001),
    (LONG, "AreaShape_MinorAxisLength_px", 24, 0.003),
    (LONG, "AreaShape_Eccentricity", np.sqrt(0.75), 0.001),
    (LONG, "AreaShape_MaxFeretDiameter_px", 48, 0.01),
    (LONG, "AreaShape_MinFeretDiameter_px", 24, 0.01),
    (LONG, "AreaShape_HuMoment_0", (24 / 12 + 12 / 24) / (4 * np.pi), 0.002),
    (LONG, "AreaShape_HuMoment_1", ((24 / 12 - 12 / 24) / (4 * np.pi)) ** 2, 0.002),
    (LONG, "AreaShape_Zernike_0_0", 0.5, 0.01),
    (RECTANGLE, "AreaShape_Area_px2", 360, 1e-6),
    (RECTANGLE, "AreaShape_Perimeter_px", 84, 0.02),
    (RECTANGLE, "AreaShape_MajorAxisLength_px", 4 * np.sqrt(900 / 12), 1e-6),
    (RECTANGLE, "AreaShape_MinorAxisLength_px", 4 * np.sqrt(144 / 12), 1e-6),
    (RECTANGLE, "AreaShape_Orientation_deg", 90, 1e-6),
    (RECTANGLE, "AreaShape_MaxFeretDiameter_px", np.hypot(30, 12), 0.03),
    (RECTANGLE, "AreaShape_MinFeretDiameter_px", 12, 1e-6),
    (RECTANGLE, "AreaShape_Extent", 1, 0),
    (RECTANGLE, "AreaShape_RectangleExtent", 1, 0.01),
    (RECTANGLE, "AreaShape_MaximumRadius_px", 6, 1e-6),
    (RECTANGLE, "AreaShape_HuMoment_0", (900 + 144) / 12 / 360, 1e-6),
    (ring(30, 10), "AreaShape_Area_px2", 800, 1e-6),
    (ring(30, 10), "AreaShape_EulerNumber", 0, 0),
    (ring(30, 10), "AreaShape_Perimeter_px", 160, 0.04),
    (ring(30, 10), "AreaShape_ConvexArea_px2", 900, 0.01),
    (ring(30, 10), "AreaShape_Solidity", 800 / 900, 0.01),
    (ring(30, 10), "AreaShape_Extent", 800 / 900, 1e-6),
    (ring(30, 10), "AreaShape_MaximumRadius_px", 10 / (1 + np.sqrt(0.5)), 0.05),
    (ring(30, 10), "AreaShape_MajorAxisLength_px", 4 * np.sqrt((30**4 - 10**4) / 9600), 1e-6),
]


@pytest.mark.parametrize("weights, name, expected, tolerance", KNOWN)
def test_known_answers(weights, name, expected, tolerance):
    assert of(weights, name) == pytest.approx(expected, rel=tolerance)


def test_a_disc_has_no_eccentricity_no_higher_moments_and_one_fourier_order():
    features = measured(DISC)
    assert features["AreaShape_Eccentricity"][0] < 0.02
    higher = [f"AreaShape_HuMoment_{k}" for k in range(1, 7)]
    higher += [n for n in features if n.startswith("FourierDescriptor")]
    assert max(abs(features[name][0]) for name in higher) < 1e-3
    for degree in range(1, 10):
        for m in range(degree % 2, degree + (degree > 1), 2):
            assert features[f"AreaShape_Zernike_{degree}_{m}"][0] < 0.02


def test_the_fourier_descriptor_of_an_ellipse_run_at_even_pace_is_known():
    """(a - b) / (a + b) for a pace that turns evenly; order -1 of a thin ellipse run at even speed
    is that of a line run to and fro."""
    line = Outlines.of([np.array([[-1.0, 0], [1, 0]])])
    found = fourier_descriptors(line)
    assert found["FourierDescriptor_minus_1"][0] == pytest.approx(1)
    # A triangle wave has odd orders that fall with their square.
    assert found["FourierDescriptor_3"][0] == pytest.approx(1 / 9)
    assert found["FourierDescriptor_minus_5"][0] == pytest.approx(1 / 25)
    assert found["FourierDescriptor_2"][0] == pytest.approx(0, abs=1e-12)


def test_a_square_has_fourier_orders_of_its_symmetry_alone():
    found = fourier_descriptors(Outlines.of([CORNER]))
    for name, values in found.items():
        order = int(name.split("_")[-1]) * (-1 if "minus" in name else 1)
        expected = 1 / order**2 if order % 4 == 1 else 0
        assert values[0] == pytest.approx(expected, abs=1e-12)


def test_fourier_descriptors_do_not_know_where_a_contour_begins():
    polygon = ellipse(9, 4, 37) + np.random.default_rng(0).normal(size=(37, 2))
    rolled = Outlines.of([np.roll(polygon, k, axis=0) for k in (0, 5, 20)])
    for values in fourier_descriptors(rolled).values():
        assert np.allclose(values, values[0], atol=1e-12)


def test_zernike_magnitudes_of_a_polynomial_are_known_and_orthogonal():
    """Within the unit disc Z_nm integrates with itself to pi / (n + 1), with others to 0."""
    rows, columns = np.mgrid[:401, :401] / 200.5 - 200 / 200.5
    r, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    polynomial = (4 * r**4 - 3 * r**2) * np.cos(2 * angle) * (r <= 1)
    found = zernike(polynomial[None], np.array([[200.0, 200]]), np.array([200.5]))
    assert found["AreaShape_Zernike_4_2"][0] == pytest.approx(1 / 5 / 2, rel=0.01)
    others = [v[0] for name, v in found.items() if name != "AreaShape_Zernike_4_2"]
    assert len(found) == 29 and max(others) < 0.01


def test_moments_are_sums_over_pixels():
    weights = np.random.default_rng(0).uniform(size=(2, 5, 7))
    centre, unit = np.array([[1.0, 2], [3, 0.5]]), np.array([2.0, 3])
    found = moments(weights, centre, unit, 3)
    rows, columns = np.mgrid[:5, :7]
    x, y = (columns - 3) / 3, (rows - 0.5) / 3
    assert found[1, 2, 1] == pytest.approx((weights[1] * x**2 * y).sum())
    assert found[1, 0, 3] == pytest.approx((weights[1] * y**3).sum())


def test_intensities_of_known_objects():
    weights = np.zeros((1, 8, 8))
    weights[0, 2:4, 1:6] = 1
    x = np.zeros((1, 1, 8, 8))
    x[0, 0, 2:4, 1:6] = [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
    features = shape_features(x, weights, ["dna"], 0.5)
    values = {
        "IntegratedIntensity": 30,
        "MeanIntensity": 3,
        "StdIntensity": np.sqrt(2),
        "MinIntensity": 1,
        "LowerQuartileIntensity": 2,
        "MedianIntensity": 3,
        "UpperQuartileIntensity": 4,
        "MaxIntensity": 5,
    }
    for name, expected in values.items():
        assert features[f"Intensity_{name}_dna"][0] == pytest.approx(expected)
    # The centre of mass of 1 ... 5 is 2 / 3 of a pixel right of the middle.
    assert features["Intensity_MassDisplacement_dna_um"][0] == pytest.approx(0.5 * 2 / 3)


# Parts


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


# Laws


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
    assert (features["AreaShape_FormFactor"] <= 1).all()
    assert (features["AreaShape_Solidity"] <= 1 + 1e-12).all()
    assert (features["AreaShape_RectangleExtent"] <= 1 + 1e-12).all()
    wide, narrow = (features[f"AreaShape_{k}FeretDiameter_px"] for k in ("Max", "Min"))
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
    assert of(hard, "AreaShape_Perimeter_px") == pytest.approx(np.pi * 40, rel=0.02)
    assert of(hard, "AreaShape_FormFactor") == pytest.approx(1, abs=0.03)


def test_scikit_image_agrees_where_it_measures_the_same():
    measure = pytest.importorskip("skimage.measure")
    weights = (cells() > 0.5).astype(np.float64)
    features = measured(weights)
    for k, pixels in enumerate(weights.astype(np.uint8)):
        (theirs,) = measure.regionprops(pixels)
        for name, expected, tolerance in (
            ("Area_px2", theirs.area, 1e-9),
            ("MajorAxisLength_px", theirs.axis_major_length, 2e-3),
            ("MinorAxisLength_px", theirs.axis_minor_length, 2e-3),
            ("Orientation_deg", np.rad2deg(theirs.orientation), 1e-6),
            ("Extent", theirs.extent, 1e-9),
            ("EulerNumber", theirs.euler_number, 0),
            # Theirs are measured on the stairs of the hull's pixels.
            ("MaxFeretDiameter_px", theirs.feret_diameter_max, 0.03),
            ("HuMoment_0", theirs.moments_hu[0], 2e-3),
            ("HuMoment_2", theirs.moments_hu[2], 2e-3),
        ):
            found = features[f"AreaShape_{name}"][k]
            assert found == pytest.approx(expected, rel=tolerance), name


# From a store


@pytest.fixture(autouse=True)
def no_provenance(monkeypatch):
    """Tests have no entry script whose code could be listed."""
    monkeypatch.setattr(measure_shapes, "provenance", lambda **_: {})


def objects(n: int, pixel_um: float | None = None, crop_scale: float = 1.0) -> pd.DataFrame:
    ids = [f"cell {k}" for k in range(n)]
    table = pd.DataFrame({"id": ids, "source": "s", "label": None, "group": ids, "split": "train"})
    width = np.nan if pixel_um is None else pixel_um
    return table.assign(pixel_size_um=width, crop_scale=crop_scale)


def crops(path, x: np.ndarray, mask: np.ndarray | None, pixel_um: float | None = None):
    axes = ["object", "channel", "y", "x"]
    write_objects(path.with_name("objects.parquet"), objects(len(x), pixel_um), {})
    with stream_samples(path, axes=axes, units="intensity", provenance={}) as stream:
        stream.facts |= {"channels": ["dna"], "pixel_size_um": pixel_um}
        stream.append([f"cell {k}" for k in range(len(x))], x, mask)
    return path


def test_crops_without_a_mask_are_cut_at_half_of_their_largest_value():
    weights = cells()
    image = (weights > 0.5) * np.random.default_rng(0).uniform(0.6, 1, size=weights.shape)
    assert np.array_equal(object_weights(image[:, None], None), weights > 0.5)
    two = np.stack([image, image], axis=1)
    assert np.array_equal(object_weights(two, None), weights > 0.5)
    half = np.full((1, 2, 2), 51, dtype=np.uint8)
    assert np.allclose(object_weights(np.ones((1, 1, 2, 2)), half), 0.2)


@pytest.mark.parametrize("pixel_um", [None, 0.5])
def test_a_store_is_measured_in_pieces_as_in_one(tmp_path, monkeypatch, pixel_um):
    mask = np.rint(255 * cells()).astype(np.uint8)
    x = (mask[:, None] / 255).astype(np.float32)
    path = crops(tmp_path / "crops.zarr", x, mask, pixel_um)
    measure_shapes.main(
        samples=path, objects=tmp_path / "objects.parquet", output=tmp_path / "shapes.zarr"
    )
    shapes = read_samples(tmp_path / "shapes.zarr")
    assert shapes.x.dtype == np.float32 and list(shapes.ids) == [f"cell {k}" for k in range(6)]
    expected, names = invariant(shape_features(x, mask / 255, ["dna"], pixel_um))
    assert np.array_equal(shapes.x[:], expected) and shapes.names == names
    assert f"AreaShape_Area_{'px' if pixel_um is None else 'um'}2" in names
    monkeypatch.setattr(shape_store, "BLOCK", 4)
    again, _ = shape_store.measure(read_samples(path), objects(6, pixel_um))
    assert np.allclose(again, expected, rtol=1e-6)


@pytest.mark.parametrize("pixel_um", [None, 0.5])
def test_a_cell_that_was_enlarged_to_fill_its_crop_has_the_size_that_it_had(tmp_path, pixel_um):
    """The same crops, said to be cut at another scale: lengths, areas and sums follow, no other."""
    mask = np.rint(255 * cells()).astype(np.uint8)
    x = (mask[:, None] / 255).astype(np.float32)
    store = read_samples(crops(tmp_path / "crops.zarr", x, mask))
    plain, names = shape_store.measure(store, objects(6, pixel_um))
    enlarged, same = shape_store.measure(store, objects(6, pixel_um, crop_scale=2.0))
    assert names == same
    unit = "px" if pixel_um is None else "um"
    for k, name in enumerate(names):
        power = 2 if name.endswith(f"_{unit}2") or "Integrated" in name else name.endswith(unit)
        np.testing.assert_allclose(
            enlarged[:, k], plain[:, k] / 2.0**power, rtol=1e-6, err_msg=name
        )


def test_a_crop_without_an_object_is_named(tmp_path):
    mask = np.rint(255 * cells()).astype(np.uint8)
    mask[2] = mask[4] = 0
    path = crops(tmp_path / "crops.zarr", np.ones((6, 1, SIZE, SIZE), dtype=np.float32), mask)
    with pytest.raises(InputError, match=r"'cell 2' and 1 other crops hold no object"):
        measure_shapes.main(
            samples=path, objects=tmp_path / "objects.parquet", output=tmp_path / "shapes.zarr"
        )
