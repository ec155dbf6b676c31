"""Laws of distances between samples of features: kernels, neighbourhoods, a test."""

import numpy as np
import pytest

from morphoflow.analysis import feature_distances
from morphoflow.analysis.feature_distances import kid, prdc, two_sample_accuracy


def features(n: int, d: int = 4, *, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


class TestKernelDistance:
    def test_a_known_answer(self):
        # One column: products 0, 1, 2 ... give kernels (p + 1) ** 3.
        x, y = [[0.0], [1.0]], [[1.0], [2.0]]
        within_x, within_y = 1.0, 27.0
        across = (1 + 1 + 8 + 27) / 4
        assert kid(x, y) == pytest.approx(within_x + within_y - 2 * across)

    def test_without_bias_it_is_zero_on_average_for_any_numbers(self):
        values = [kid(features(8, seed=i), features(30, seed=1000 + i)) for i in range(400)]
        assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
        assert min(values) < 0

    def test_it_grows_with_the_distance_and_is_symmetric(self):
        x, near, far = features(60), features(50, seed=1, shift=0.5), features(50, seed=1, shift=1)
        assert 0 < kid(x, near) < kid(x, far)
        assert kid(x, far) == pytest.approx(kid(far, x))


class TestNeighbourhoods:
    def test_a_known_answer(self):
        real, generated = [[0.0], [1.0], [10.0]], [[0.5], [0.6], [30.0]]
        # With k = 1 real balls reach 1, 1 and 9; generated ones 0.1, 0.1 and 29.4.
        assert prdc(real, generated, k=1) == {
            "precision": pytest.approx(2 / 3),
            "recall": pytest.approx(2 / 3),
            "density": pytest.approx(4 / 3),
            "coverage": pytest.approx(2 / 3),
        }

    def test_equal_samples_have_all_and_distant_ones_nothing(self):
        x = features(40)
        same = prdc(x, x, k=3)
        assert same["precision"] == same["recall"] == same["coverage"] == 1
        assert set(prdc(x, x + 100, k=3).values()) == {0.0}

    def test_density_of_equal_distributions_is_one_on_average(self):
        found = [
            prdc(features(50, seed=i), features(80, seed=500 + i))["density"] for i in range(60)
        ]
        assert np.mean(found) == pytest.approx(1, abs=0.06)

    def test_a_lost_mode_costs_recall_and_coverage_and_no_precision(self):
        modes = np.repeat([0.0, 50.0], 40)[:, None]
        real, generated = features(80) + modes, features(80, seed=1)
        found = prdc(real, generated)
        assert found["precision"] > 0.8
        assert found["recall"] <= 0.5 and found["coverage"] <= 0.5

    def test_invented_rows_cost_precision_and_no_coverage(self):
        modes = np.repeat([0.0, 50.0], 40)[:, None]
        found = prdc(features(80), features(80, seed=1) + modes)
        assert found["precision"] <= 0.5 and found["coverage"] > 0.7

    @pytest.mark.parametrize("k", [0, 5])
    def test_too_few_rows_for_k_are_refused(self, k):
        with pytest.raises(ValueError, match=str(k)):
            prdc(features(5), features(9), k)


class TestTwoSamples:
    @pytest.mark.parametrize("numbers", [(50, 50), (20, 120)])
    def test_equal_distributions_are_told_apart_by_chance_only(self, numbers):
        n, m = numbers
        found = [
            two_sample_accuracy(features(n, seed=i), features(m, seed=900 + i)) for i in range(60)
        ]
        assert np.mean(found) == pytest.approx(0.5, abs=0.02)

    def test_distant_samples_are_told_apart_and_copies_are_never(self):
        x = features(30)
        assert two_sample_accuracy(x, x + 50) == 1
        assert two_sample_accuracy(x, x[::-1]) == 0

    def test_equally_near_rows_count_by_their_share(self):
        assert two_sample_accuracy([[0.0], [1.0]], [[-1.0], [9.0]]) == pytest.approx(
            ((1 / 2 + 1) / 2 + 0) / 2
        )

    def test_sides_and_order_do_not_matter(self):
        x, y = features(30), features(40, seed=1, shift=0.3)
        assert two_sample_accuracy(x, y) == pytest.approx(two_sample_accuracy(y[::-1], x))


@pytest.mark.parametrize("measure", [kid, two_sample_accuracy, lambda x, y: prdc(x, y)["density"]])
def test_blocks_change_nothing(measure, monkeypatch):
    x, y = features(37), features(23, seed=1, shift=0.2)
    whole = measure(x, y)
    monkeypatch.setattr(feature_distances, "BLOCK_ROWS", 8)
    assert measure(x, y) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("measure", [kid, prdc, two_sample_accuracy])
def test_unequal_columns_are_refused(measure):
    with pytest.raises(ValueError, match=r"\(9, 3\)"):
        measure(features(9, 4), features(9, 3))
