"""Laws of distances between images: Laplacian patches and radial power spectra."""

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from morphoflow.dendrites.realism import wasserstein
from morphoflow.dendrites.realism.spectrum import (
    octave_differences,
    radial_spectrum,
    spectrum_distance,
)
from morphoflow.dendrites.realism.wasserstein import doubled, laplacian_pyramid, sliced_wasserstein


def scenes(n: int, size: int = 64, seed: int = 0) -> np.ndarray:
    """Images (n, 1, size, size) uint8 of thin lines on a dark, noisy background."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(n, 1, size, size)), (0, 0, 4, 4))
    slope = np.stack(np.gradient(field, axis=(2, 3))).std()
    lines = 200 * np.exp(-((field / slope) ** 2)) + rng.normal(20, 5, field.shape)
    return lines.clip(0, 255).astype(np.uint8)


def blurred(images: np.ndarray, sd: float) -> np.ndarray:
    return ndimage.gaussian_filter(images, (0, 0, sd, sd), mode="wrap")


def without_finest_octave(images: np.ndarray) -> np.ndarray:
    """Block means, smoothly enlarged: what a generator gives whose critic pools first."""
    n, _, size, _ = images.shape
    half = images.reshape(n, 1, size // 2, 2, size // 2, 2).mean((3, 5))
    return ndimage.zoom(half, (1, 1, 2, 2), order=1).round().astype(np.uint8)


class TestPyramid:
    def test_its_levels_add_up_to_the_image(self):
        x = torch.from_numpy(scenes(2)).float()
        *finer, rebuilt = laplacian_pyramid(x)
        assert [level.shape[-1] for level in finer] == [64, 32]
        assert rebuilt.shape[-1] == 16
        for level in reversed(finer):
            rebuilt = level + doubled(rebuilt)
        assert torch.allclose(rebuilt, x, atol=1e-4)

    def test_a_constant_image_has_only_the_last_level(self):
        *finer, last = laplacian_pyramid(torch.full((1, 1, 64, 64), 0.7))
        assert all(level.abs().max() < 1e-6 for level in finer)
        assert torch.allclose(last, torch.tensor(0.7))

    def test_a_size_that_does_not_halve_ends_it(self):
        assert [x.shape[-1] for x in laplacian_pyramid(torch.zeros(1, 1, 100, 100))] == [
            100,
            50,
            25,
        ]


class TestSlicedWasserstein:
    def test_equal_sets_have_none_in_any_order(self):
        x = scenes(6)
        assert set(sliced_wasserstein(x, x[::-1].copy(), seed=1).values()) == {0.0}
        assert list(sliced_wasserstein(x, x, seed=1)) == [64, 32, 16]

    def test_it_is_symmetric_and_blind_to_order(self):
        x, y = scenes(6), blurred(scenes(4, seed=1), 1)
        there = sliced_wasserstein(x, y, seed=0)
        assert sliced_wasserstein(y, x, seed=0) == pytest.approx(there, rel=1e-5)
        assert sliced_wasserstein(x[::-1].copy(), y, seed=0) == pytest.approx(there, rel=1e-5)

    def test_it_grows_with_blur_at_the_finest_level(self):
        x = scenes(4)
        found = [sliced_wasserstein(x, blurred(x, sd), seed=0)[64] for sd in (0.5, 1, 2, 4)]
        assert all(np.diff(found) > 0)

    def test_a_missing_octave_is_far_beyond_chance(self):
        x, others = scenes(16), scenes(16, seed=1)
        chance = sliced_wasserstein(x, others, seed=0)[64]
        assert sliced_wasserstein(x, without_finest_octave(others), seed=0)[64] > 3 * chance

    def test_numbers_of_images_may_differ(self):
        x, y = scenes(4), blurred(scenes(4, seed=1), 1)
        twice = np.concatenate([y, y])
        uneven = sliced_wasserstein(np.concatenate([x, x, x]), twice, seed=0)
        assert uneven == pytest.approx(sliced_wasserstein(x, y, seed=0), rel=1e-4)

    def test_between_unequal_numbers_it_is_that_of_scipy(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(30, 1)), rng.normal(0.5, 2, size=(47, 1))
        found = wasserstein._sorted_distances(
            torch.from_numpy(x), torch.from_numpy(y), torch.ones(1, 1, dtype=torch.float64)
        )
        wanted = stats.wasserstein_distance(x[:, 0], y[:, 0])
        assert found.item() == pytest.approx(wanted, rel=1e-9)

    def test_bytes_and_fractions_are_one_and_contrast_has_no_unit(self):
        x, y = scenes(4), blurred(scenes(4, seed=1), 1)
        plain = sliced_wasserstein(x, y, seed=0)
        as_floats = [torch.from_numpy(images).float() / 510 for images in (x, y)]
        assert sliced_wasserstein(*as_floats, seed=0) == pytest.approx(plain, rel=1e-4)

    def test_a_faint_set_differs_from_a_bright_one(self):
        x = scenes(4)
        assert sliced_wasserstein(x, x // 2, seed=0)[64] > 0.1

    def test_the_seed_decides_and_blocks_do_not(self, monkeypatch):
        x, y = scenes(4), scenes(5, seed=1)
        first = sliced_wasserstein(x, y, seed=0)
        assert sliced_wasserstein(x, y, seed=0) == first
        assert sliced_wasserstein(x, y, seed=1) != first
        monkeypatch.setattr(wasserstein, "BLOCK_IMAGES", 2)
        monkeypatch.setattr(wasserstein, "BLOCK_VALUES", 4096)
        assert sliced_wasserstein(x, y, seed=0) == pytest.approx(first, rel=1e-5)

    def test_black_images_have_none_and_other_sizes_are_refused(self):
        black = np.zeros((2, 1, 32, 32), np.uint8)
        assert sliced_wasserstein(black, black, seed=0) == {32: 0.0, 16: 0.0}
        with pytest.raises(ValueError, match="64"):
            sliced_wasserstein(black, scenes(2), seed=0)


class TestSpectrum:
    def test_white_noise_is_flat_at_its_variance(self):
        noise = np.random.default_rng(0).normal(0, 0.1, (200, 1, 64, 64))
        level = radial_spectrum(torch.from_numpy(noise)).mean(0)
        assert level[4:] == pytest.approx(-20, abs=0.5)

    def test_a_blur_lowers_it_by_the_known_amount(self):
        noise = np.random.default_rng(0).normal(0, 0.2, (20, 1, 64, 64))
        before, after = (
            radial_spectrum(torch.from_numpy(x)).mean(0) for x in (noise, blurred(noise, 1))
        )
        frequency = np.arange(1, 33) / 64
        wanted = 20 * np.log10(np.exp(-0.5 * (2 * np.pi * frequency) ** 2))
        assert (after - before)[3:20] == pytest.approx(wanted[3:20], abs=0.5)

    def test_a_wave_stands_at_its_frequency(self):
        wave = 0.5 + 0.4 * np.cos(2 * np.pi * 9 * np.arange(64) / 64) * np.ones((64, 1))
        assert radial_spectrum(torch.from_numpy(wave)[None, None])[0].argmax() == 9 - 1

    def test_quarter_turns_flips_and_brightness_leave_it_equal(self):
        x = scenes(3)
        level = radial_spectrum(x)
        assert np.allclose(radial_spectrum(np.rot90(x, axes=(2, 3)).copy()), level)
        assert np.allclose(radial_spectrum(x[..., ::-1].copy()), level)
        assert np.allclose(
            radial_spectrum(np.minimum(x, 200) + 50), radial_spectrum(np.minimum(x, 200))
        )

    def test_a_missing_octave_is_seen_at_its_place_and_far_beyond_chance(self):
        x, others = radial_spectrum(scenes(16)), radial_spectrum(scenes(16, seed=1))
        lacking = radial_spectrum(without_finest_octave(scenes(16, seed=1)))
        by_octave = octave_differences(x, lacking)
        assert by_octave.argmin() == 0 and by_octave[0] < -6
        assert spectrum_distance(x, lacking) > 3 * spectrum_distance(x, others)

    def test_doubled_contrast_is_six_decibels_in_each_octave(self):
        x = scenes(4).astype(np.float64) / 255
        found = octave_differences(*(radial_spectrum(torch.from_numpy(y)) for y in (x / 2, x)))
        assert found == pytest.approx(20 * np.log10(2), abs=0.02)

    def test_a_black_image_has_the_least_level(self):
        black = radial_spectrum(np.zeros((1, 1, 32, 32), np.uint8))
        assert black == pytest.approx(-10 * np.log10(12 * 255**2))
