"""Shape features of known objects."""

import numpy as np
import pytest

from drawn_shapes import CORNER, drawn, ellipse, measured, of, ring
from morphoflow.cells.shapes.features import shape_features
from morphoflow.cells.shapes.geometry import fourier_descriptors
from morphoflow.cells.shapes.moments import moments, zernike
from morphoflow.cells.shapes.outlines import Outlines

DISC, LONG, RECTANGLE = drawn(ellipse(20, 20)), drawn(ellipse(24, 12)), drawn(CORNER * [30, 12])
# Ramanujan's second approximation, good to 1e-6 here.
H = (12 / 36) ** 2
LONG_PERIMETER = np.pi * 36 * (1 + 3 * H / (10 + np.sqrt(4 - 3 * H)))
KNOWN = [
    (DISC, "AreaShape_Area_px2", np.pi * 400, 0.001),
    (DISC, "Contour_Perimeter_px", np.pi * 40, 0.01),
    (DISC, "AreaShape_MajorAxisLength_px", 40, 0.001),
    (DISC, "AreaShape_MinorAxisLength_px", 40, 0.001),
    (DISC, "AreaShape_EquivalentDiameter_px", 40, 0.001),
    (DISC, "Contour_MaxFeretDiameter_px", 40, 0.01),
    (DISC, "Contour_MinFeretDiameter_px", 40, 0.01),
    (DISC, "Contour_ConvexArea_px2", np.pi * 400, 0.01),
    (DISC, "Contour_FormFactor", 1, 0.01),
    (DISC, "Contour_Compactness", 1, 0.01),
    (DISC, "Contour_Solidity", 1, 0.01),
    (DISC, "AreaShape_Extent", np.pi / 4, 0.01),
    (DISC, "Contour_RectangleExtent", np.pi / 4, 0.01),
    (DISC, "AreaShape_EulerNumber", 1, 0),
    # Distances end in the middle of a pixel outside, a fourth to half of a pixel further on.
    (DISC, "AreaShape_MaximumRadius_px", 20.25, 0.05),
    (DISC, "AreaShape_MeanRadius_px", 20 / 3 + 0.25, 0.02),
    (DISC, "AreaShape_MedianRadius_px", 20 * (1 - np.sqrt(0.5)) + 0.25, 0.02),
    (DISC, "Moment_Hu_0", 1 / (2 * np.pi), 0.002),
    (DISC, "Moment_Zernike_0_0", 1, 0.01),
    (LONG, "AreaShape_Area_px2", np.pi * 24 * 12, 0.001),
    (LONG, "Contour_Perimeter_px", LONG_PERIMETER, 0.01),
    (LONG, "AreaShape_MajorAxisLength_px", 48, 0.001),
    (LONG, "AreaShape_MinorAxisLength_px", 24, 0.003),
    (LONG, "AreaShape_Eccentricity", np.sqrt(0.75), 0.001),
    (LONG, "Contour_MaxFeretDiameter_px", 48, 0.01),
    (LONG, "Contour_MinFeretDiameter_px", 24, 0.01),
    (LONG, "Moment_Hu_0", (24 / 12 + 12 / 24) / (4 * np.pi), 0.002),
    (LONG, "Moment_Hu_1", ((24 / 12 - 12 / 24) / (4 * np.pi)) ** 2, 0.002),
    (LONG, "Moment_Zernike_0_0", 0.5, 0.01),
    (RECTANGLE, "AreaShape_Area_px2", 360, 1e-6),
    (RECTANGLE, "Contour_Perimeter_px", 84, 0.02),
    (RECTANGLE, "AreaShape_MajorAxisLength_px", 4 * np.sqrt(900 / 12), 1e-6),
    (RECTANGLE, "AreaShape_MinorAxisLength_px", 4 * np.sqrt(144 / 12), 1e-6),
    (RECTANGLE, "AreaShape_Orientation_deg", 90, 1e-6),
    (RECTANGLE, "Contour_MaxFeretDiameter_px", np.hypot(30, 12), 0.03),
    (RECTANGLE, "Contour_MinFeretDiameter_px", 12, 1e-6),
    (RECTANGLE, "AreaShape_Extent", 1, 0),
    (RECTANGLE, "Contour_RectangleExtent", 1, 0.01),
    (RECTANGLE, "AreaShape_MaximumRadius_px", 6, 1e-6),
    (RECTANGLE, "Moment_Hu_0", (900 + 144) / 12 / 360, 1e-6),
    (ring(30, 10), "AreaShape_Area_px2", 800, 1e-6),
    (ring(30, 10), "AreaShape_EulerNumber", 0, 0),
    (ring(30, 10), "Contour_Perimeter_px", 160, 0.04),
    (ring(30, 10), "Contour_ConvexArea_px2", 900, 0.01),
    (ring(30, 10), "Contour_Solidity", 800 / 900, 0.01),
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
    higher = [f"Moment_Hu_{k}" for k in range(1, 7)]
    higher += [n for n in features if n.startswith("FourierDescriptor")]
    assert max(abs(features[name][0]) for name in higher) < 1e-3
    for degree in range(1, 10):
        for m in range(degree % 2, degree + (degree > 1), 2):
            assert features[f"Moment_Zernike_{degree}_{m}"][0] < 0.02


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
    assert found["Moment_Zernike_4_2"][0] == pytest.approx(1 / 5 / 2, rel=0.01)
    others = [v[0] for name, v in found.items() if name != "Moment_Zernike_4_2"]
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
