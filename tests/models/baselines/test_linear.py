"""What baselines fit, and the samples that they refuse."""

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.baselines.linear import (
    check_crops,
    columns,
    fit_components,
    fit_scaling,
    fitted_columns,
    scaled,
    scores,
)
from morphoflow.store import Samples


def samples(x: np.ndarray, names: list[str] | None = None) -> Samples:
    ids = np.array([f"o{k}" for k in range(len(x))])
    return Samples(x, ids, None, None, names, {})


def fitted(facts: dict, state: dict) -> Model:
    return Model("m", "m.py", {}, facts, state, {})


def test_rows_that_a_scaling_was_fitted_on_have_mean_0_and_deviation_1():
    x = np.random.default_rng(0).normal(3, 5, (40, 3))
    x[:, 2] = 7
    z = scaled(fitted({}, fit_scaling(x)), x)
    assert z.dtype == np.float32 and not z[:, 2].any()
    np.testing.assert_allclose(z[:, :2].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(z[:, :2].std(0), 1, rtol=1e-5)


def test_scores_reach_the_variance_asked_for_and_are_uncorrelated():
    x = np.random.default_rng(1).normal(size=(50, 4)) * [9, 3, 1, 0.1]
    facts, state = fit_components(x, 0.95)
    found = scores(fitted(facts, state), x)
    assert found.shape == (50, 2) and sum(facts["explained_variance"]) >= 0.95
    assert found.var(0).sum() / x.var(0).sum() == pytest.approx(sum(facts["explained_variance"]))
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(0, abs=1e-9)


def test_columns_are_found_by_name_and_a_missing_one_is_named_with_the_remedy():
    store = samples(np.arange(6.0).reshape(2, 3), ["a", "b", "c"])
    assert columns(store, ["c", "a"]).tolist() == [[2, 0], [5, 3]]
    model = fitted({"names": ["b", "d"]}, {})
    with pytest.raises(InputError, match=r"lack features .*\(d\); look again, or fit the model"):
        fitted_columns(model, store, "look again")


def test_crops_of_another_shape_are_refused():
    model = fitted({"shape": [1, 4, 4]}, {})
    check_crops(model, samples(np.zeros((3, 1, 4, 4))))
    with pytest.raises(InputError, match=r"\[2, 4, 4\].*\[1, 4, 4\]; make them alike"):
        check_crops(model, samples(np.zeros((3, 2, 4, 4))))
