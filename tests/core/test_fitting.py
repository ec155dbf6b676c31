"""Laws of what is fitted on training objects: principal components, means and units."""

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.fitting import fit_pca, fit_standard, train_rows
from small_baselines import objects


def correlated(n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, d)) * 0.7 ** np.arange(d) @ rng.normal(size=(d, d))


@pytest.mark.parametrize("variance", [0.3, 0.8, 0.95, 0.999])
def test_the_smallest_number_of_components_that_reaches_the_variance(variance):
    x = correlated(60, 12)
    mean, components, share = fit_pca(x, variance)
    assert share.sum() >= variance > share[:-1].sum()
    scores = (x - mean) @ components.T
    kept = scores.var(axis=0).sum() / x.var(axis=0).sum()
    assert kept == pytest.approx(share.sum(), rel=1e-9)
    assert np.allclose(components @ components.T, np.eye(len(components)), atol=1e-9)


def test_the_number_of_components_is_known_where_variances_are():
    x = np.concatenate([s * np.eye(3)[[k]] for k, s in enumerate([3, 2, 1]) for s in (s, -s)])
    for variance, k in ((0.6, 1), (9 / 14, 1), (0.7, 2), (13 / 14, 2), (0.95, 3), (1.0, 3)):
        assert len(fit_pca(x, variance)[1]) == k


def test_components_have_one_sign_in_any_order_of_the_objects():
    x = correlated(40, 8)
    _, components, _ = fit_pca(x, 0.999)
    _, shuffled, _ = fit_pca(x[np.random.default_rng(0).permutation(40)], 0.999)
    assert np.allclose(components, shuffled, atol=1e-8)
    assert (np.take_along_axis(components, np.abs(components).argmax(1)[:, None], 1) > 0).all()


def test_all_variance_of_fewer_objects_than_values_is_kept_in_one_component_less_than_objects():
    assert len(fit_pca(correlated(5, 12), 1.0)[1]) == 4


def test_standardised_training_features_have_mean_0_and_standard_deviation_1():
    x = np.random.default_rng(0).gamma(2.0, [1, 1e3, 1e9], size=(50, 3)).astype(np.float32)
    mean, weight = fit_standard(x)
    z = (x - mean) * weight
    assert np.allclose(z.mean(axis=0), 0, atol=1e-9) and np.allclose(z.std(axis=0), 1)


def test_no_training_objects_and_no_differences_are_errors_that_name_the_way_out():
    with pytest.raises(InputError, match="larger share"):
        train_rows(objects(4, 0))
    with pytest.raises(InputError, match="all alike"):
        fit_pca(np.ones((4, 3)), 0.95)


def test_missing_values_do_not_count_and_a_feature_without_any_has_weight_0():
    x = correlated(30, 4)
    gaps = x.copy()
    gaps[:10, 1], gaps[:, 3] = np.nan, np.nan
    mean, weight = fit_standard(gaps)
    alone = fit_standard(x[10:])
    assert (mean[1], weight[1]) == (alone[0][1], alone[1][1])
    assert (mean[3], weight[3]) == (0, 0)
    np.testing.assert_array_equal([mean[0], weight[0]], np.array(fit_standard(x))[:, 0])
