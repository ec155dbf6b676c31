"""Features of cells in their images: known answers, cp_measure's values, and what leaves them."""

import re

import numpy as np
import pytest
import tifffile

from cell_sources import read
from morphoflow.cells.reading.regions import measure_regions
from morphoflow.cells.shapes.colocalisation import Pixels, above_costes, rank_weighted
from morphoflow.cells.shapes.features import invariant
from morphoflow.cells.shapes.granularity import grains, granularities
from morphoflow.cells.shapes.source import (
    closest,
    measure_sources,
    source_features,
    touching,
    windows,
)
from morphoflow.images.intensity import to_unit
from record_cp_measure import SCENES, recorded, scene
from synthetic_cells import disc, write_fields


def of_image(image: np.ndarray, labels: np.ndarray, channels=("a", "b")) -> dict[str, np.ndarray]:
    """The features (n,) of all objects of an image (c, h, w), by name."""
    regions, found = measure_regions(labels), {}
    for part, x, inside, edge in windows(image, labels, regions, np.arange(len(regions.label))):
        for name, values in source_features(x, inside, edge, list(channels)[: len(image)]).items():
            found.setdefault(name, np.zeros(len(regions.label)))[part] = values
    return found


THEIRS = (
    "AreaShape",
    "Intensity",
    "Texture",
    "Correlation",
)


@pytest.mark.parametrize("name", SCENES)
def test_features_under_the_names_of_cellprofiler_are_its_features(name):
    image, labels = SCENES[name]()
    theirs, compared = recorded(name), set()
    for name, values in of_image(image, labels).items():
        plain = re.sub(r"_(px2?|deg)$", "", name)
        if name.split("_")[0] in THEIRS and not re.search(r"_b(_3_mean_256|_px)?$", name):
            known = np.isfinite(theirs[plain])  # not where few pixels lie below Costes' thresholds
            expected = theirs[plain][known]
            np.testing.assert_allclose(values[known], expected, rtol=0.01, atol=1e-9, err_msg=name)
            compared.add(plain)
    assert len(compared) > 40
    left = grains(image[0, ::4, ::4], labels.shape)
    spectrum = granularities(left, image[0], labels, np.arange(1, labels.max() + 1))
    expected = np.stack([theirs[f"Granularity_{k}_a"] for k in range(1, 17)], axis=1)
    np.testing.assert_allclose(spectrum, expected, atol=1e-6)


def test_the_contour_is_near_that_of_cellprofiler():
    image, labels = scene()
    found, theirs = of_image(image, labels), recorded("drawn")
    whole = [0, 1, 2, 4]  # theirs of the cell with a hole leaves the hole's border out
    ratio = found["Contour_Perimeter_px"][whole] / theirs["AreaShape_Perimeter"][whole]
    np.testing.assert_allclose(ratio, 1, atol=0.04)


@pytest.mark.parametrize(
    ("radius", "centre"), [(20, (50, 50)), (20, (50.5, 50.5)), (30, (50.3, 49.8))]
)
def test_a_constant_disc_has_one_intensity(radius, centre):
    labels = disc((100, 100), centre, radius).astype(np.int32)
    image = np.where(labels > 0, np.float32(0.5), np.float32(0.2))[None]
    found = of_image(image, labels)
    for name in ("Min", "LowerQuartile", "Median", "Mean", "Max"):
        assert found[f"Intensity_{name}Intensity_a"][0] == pytest.approx(0.5)
    for name in ("StdIntensity", "MADIntensity", "StdIntensityEdge", "MassDisplacement"):
        unit = "_px" if name == "MassDisplacement" else ""
        assert found[f"Intensity_{name}_a{unit}"][0] == pytest.approx(0, abs=1e-6)
    assert found["Texture_AngularSecondMoment_a_3_mean_256"][0] == pytest.approx(1)
    assert (
        found["Texture_Contrast_a_3_mean_256"][0] == found["Texture_Entropy_a_3_mean_256"][0] == 0
    )
    for k in range(1, 5):
        assert found[f"Ring_MeanFrac_{k}of4_a"][0] == pytest.approx(1)
        assert found[f"Ring_CV_{k}of4_a"][0] == pytest.approx(0, abs=1e-6)
    assert sum(found[f"Ring_FracAtD_{k}of4_a"][0] for k in range(1, 5)) == pytest.approx(1)


def test_quarter_turns_and_flips_change_nothing_that_models_are_given():
    image, labels = scene()
    plain, names = invariant(of_image(image, labels))
    for change in (lambda v: np.rot90(v, axes=(-2, -1)), lambda v: v[..., ::-1]):
        moved, _ = invariant(of_image(change(image).copy(), change(labels).copy()))
        for k, name in enumerate(names):
            np.testing.assert_allclose(moved[:, k], plain[:, k], rtol=2e-3, atol=2e-5, err_msg=name)


def test_channels_that_are_alike_and_those_that_are_not():
    labels = disc((60, 60), (30, 30), 12).astype(int)
    first = np.random.default_rng(0).uniform(0.2, 0.4, labels.shape)
    twice = of_image(np.stack([first, 2 * first]), labels)
    assert twice["Correlation_Correlation_a_b"][0] == pytest.approx(1)
    assert twice["Correlation_Overlap_a_b"][0] == twice["Correlation_Manders_a_b"][0] == 1
    assert twice["Correlation_K_a_b"][0] == pytest.approx(2)
    assert twice["Correlation_RWC_a_b"][0] == twice["Correlation_RWC_b_a"][0] == 1
    assert twice["Correlation_Costes_a_b"][0] == twice["Correlation_Costes_b_a"][0] == 1
    flat = of_image(np.stack([first, np.full_like(first, 0.5)]), labels)
    assert flat["Correlation_Correlation_a_b"][0] == flat["Correlation_Costes_a_b"][0] == 0


def test_ranks_that_differ_weigh_less():
    inside = np.ones((2, 1, 3), dtype=bool)
    a = np.array([[[1.0, 2, 3]], [[5, 5, 9]]])
    b = np.array([[[3.0, 2, 1]], [[5, 5, 9]]])
    one, other = rank_weighted(Pixels.of(a, b, inside))
    # Weights are 1/3, 1 and 1/3.
    np.testing.assert_allclose(one, [(1 / 3 + 2 + 1) / 6, 1])
    np.testing.assert_allclose(other, [(1 + 2 + 1 / 3) / 6, 1])


def test_thresholds_part_what_goes_together_from_what_does_not():
    rng = np.random.default_rng(3)
    apart = rng.integers(10, 60, (2, 1, 30, 30))
    together = rng.integers(120, 250, (1, 30, 30))
    bright = rng.random((1, 30, 30)) < 0.3
    a, b = np.where(bright, together, apart).astype(np.float64) / 255
    inside = np.ones_like(bright)
    shares = above_costes(Pixels.of(a, b, inside), 255)
    np.testing.assert_allclose(shares, [[1], [1]], atol=0.05)
    single = Pixels.of(a.astype(np.float32), b.astype(np.float32), inside)
    np.testing.assert_allclose(above_costes(single, 255), shares, rtol=1e-6)


def test_neighbours_are_counted_and_their_distance_is_that_of_centroids():
    labels = np.zeros((40, 60), dtype=int)
    labels[5:15, 5:15], labels[15:25, 15:25], labels[5:15, 45:55] = 3, 7, 9
    regions = measure_regions(labels)
    assert touching(labels, regions.label).tolist() == [1, 1, 0]
    assert touching(labels, np.array([7])).tolist() == [1]
    near = closest(regions.centroid, regions.centroid, 72.0)
    np.testing.assert_allclose(near[:, 0], np.hypot([10, 10, 30], [10, 10, 10]))
    assert closest(regions.centroid[:1], regions.centroid[:1], 72.0).tolist() == [[72, 72]]


def test_how_crops_are_cut_changes_no_feature(tmp_path):
    source = write_fields(tmp_path, n=2, channels=2)
    results = []
    for changed in ({"size": 16}, {"scale": "object", "size": 48, "range": "object"}):
        crops, rows, _ = read(tmp_path, source, **changed)
        results.append(measure_sources([source], crops, rows))
    (first, names), (second, same) = results
    assert names == same and len(first) == 24
    np.testing.assert_array_equal(first, second)
    labels = tifffile.imread(tmp_path / "masks" / "field1.tif")
    image = to_unit(tifffile.imread(tmp_path / "images" / "field1.ome.tif"))
    row = list(crops.ids).index("field1_5")
    mean = first[row, names.index("Intensity_MeanIntensity_stain1")]
    assert mean == pytest.approx(image[1][labels == 5].mean(), rel=1e-5)
    area = first[row, names.index("AreaShape_Area_um2")]
    assert area == pytest.approx((labels == 5).sum() * 0.25)
