"""Laws of normalised features: what images, plates and controls add is taken away."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import median_abs_deviation

from morphoflow.cells.shapes.normalise import normalised, robust_z, spherised
from morphoflow.errors import InputError

SETTINGS = {"normalise": "none", "sphere": False}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)) * [1, 5, 0.1, 30] + [3, 0, 7, -2]
OBJECTS = pd.DataFrame(
    {
        "id": [f"c{k}" for k in range(120)],
        "image": [f"i{k % 6}" for k in range(120)],
        "plate": [f"p{k % 2}" for k in range(120)],
        "label": ["DMSO" if k % 3 else "drug" for k in range(120)],
        "split": ["train" if k < 90 else "test" for k in range(120)],
    }
)
NAMES = ["AreaShape_Area_um2", "Intensity_MassDisplacement_a_px", "Contour_Perimeter_um", "x_1"]


def test_a_batch_has_the_median_0_and_the_deviation_1_as_mad_robustize():
    batch = OBJECTS["plate"].to_numpy()
    z = robust_z(X, batch, np.ones(120, dtype=bool))
    for plate in ("p0", "p1"):
        own = X[batch == plate]
        expected = (own - np.median(own, axis=0)) / median_abs_deviation(
            own, scale=1 / 1.482602218505602
        )
        np.testing.assert_allclose(z[batch == plate], expected, rtol=1e-9)


@pytest.mark.parametrize("by", ["image", "plate"])
def test_what_a_batch_adds_and_multiplies_is_gone(by):
    settings = {**SETTINGS, "normalise": by, "plate_column": "plate"}
    number = OBJECTS[by].factorize()[0][:, None]
    plain, names = normalised(X, NAMES, OBJECTS, settings)
    moved, _ = normalised((1 + number) * X + 10 * number, NAMES, OBJECTS, settings)
    np.testing.assert_allclose(moved, plain, rtol=1e-4, atol=1e-5)
    assert names == ["AreaShape_Area", "Intensity_MassDisplacement_a", "Contour_Perimeter", "x_1"]


def test_controls_decide_and_others_do_not():
    settings = {
        **SETTINGS,
        "normalise": "plate",
        "plate_column": "plate",
        "controls": {"column": "label", "values": ["DMSO"]},
    }
    treated = (OBJECTS["label"] == "drug").to_numpy()
    plain, _ = normalised(X, NAMES, OBJECTS, settings)
    moved, _ = normalised(X + 100 * treated[:, None], NAMES, OBJECTS, settings)
    np.testing.assert_array_equal(moved[~treated], plain[~treated])
    assert (moved[treated] > plain[treated]).all()


def test_nothing_is_changed_where_nothing_is_asked_for():
    z, names = normalised(X.astype(np.float32), NAMES, OBJECTS, SETTINGS)
    np.testing.assert_array_equal(z, X.astype(np.float32))
    assert names == NAMES


def test_a_measure_that_is_alike_for_most_is_divided_by_its_deviation():
    x = np.array([[1.0, 5], [1, 5], [1, 5], [3, 5]])
    z = robust_z(x, np.array(["b"] * 4), np.ones(4, dtype=bool))
    np.testing.assert_allclose(z[:, 0], [0, 0, 0, 2 / x[:, 0].std()])
    assert not z[:, 1].any()


def test_sphered_features_of_the_reference_do_not_go_together():
    mixed = X / X.std(axis=0) @ (np.eye(4) + 0.5 * np.tri(4))
    reference = (OBJECTS["split"] == "train").to_numpy()
    z = spherised(mixed, reference)
    np.testing.assert_allclose(np.cov(z[reference], rowvar=False), np.eye(4), atol=1e-3)
    np.testing.assert_allclose(z[reference].mean(axis=0), 0, atol=1e-9)
    # Each is most like what it was, and none is turned over.
    alike = [np.corrcoef(z[:, k], mixed[:, k])[0, 1] for k in range(4)]
    assert min(alike) > 0
    apart = spherised(X, reference)
    np.testing.assert_allclose(
        apart, (X - X[reference].mean(0)) / X[reference].std(0, ddof=1), atol=0.6
    )


def test_sphering_sees_the_training_split_alone():
    settings = {**SETTINGS, "sphere": True}
    test = (OBJECTS["split"] == "test").to_numpy()
    plain, _ = normalised(X, NAMES, OBJECTS, settings)
    moved, _ = normalised(X + 50 * test[:, None], NAMES, OBJECTS, settings)
    np.testing.assert_array_equal(moved[~test], plain[~test])


BAD = {
    "no column": ({"normalise": "plate", "plate_column": "Plate"}, OBJECTS, r"no column 'Plate'"),
    "no plate": (
        {"normalise": "plate", "plate_column": "plate"},
        OBJECTS.assign(plate=[None] + ["p"] * 119),
        r"plate of 1 objects, such as 'c0', is not known",
    ),
    "no control": (
        {"sphere": True, "controls": {"column": "label", "values": ["water"]}},
        OBJECTS,
        r"no object has water in its column 'label'",
    ),
    "none there": (
        {"normalise": "image", "controls": {"column": "label", "values": ["DMSO"]}},
        OBJECTS.assign(label=["drug" if k % 6 == 2 else "DMSO" for k in range(120)]),
        r"none of the 20 objects of 'i2' is of `controls`",
    ),
    "too few": (
        {"sphere": True},
        OBJECTS.assign(split=["train"] * 4 + ["test"] * 116),
        r"4 features",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_thing_that_is_missing_is_named(name):
    settings, objects, match = BAD[name]
    with pytest.raises(InputError, match=match):
        normalised(X, NAMES, objects, {**SETTINGS, **settings})
