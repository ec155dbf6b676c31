"""Laws of the bands of an image and of its scattering transform."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from morphoflow.dendrites.realism.scattering import bands, scattering, split
from morphoflow.errors import InputError


def noise(n: int, size: int = 32, sigma: float = 0.7) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(n, 1, size, size))
    x = gaussian_filter(x, (0, 0, sigma, sigma), mode="wrap")
    return np.rint(128 + 90 * x / np.abs(x).max()).astype(np.uint8)


def test_octaves_share_all_power_alike_in_every_direction():
    size = 64
    found = bands(size)
    power = torch.zeros(size, size)
    for band in found:
        filters = band.filters.square().sum(0)
        half, kept = band.grid // 2, torch.arange(size)
        kept = torch.cat([kept[:half], kept[size - half :]])
        power[kept[:, None], kept] += filters
    both = power + torch.roll(power.flip(0, 1), (1, 1), (0, 1))
    across = torch.fft.fftfreq(size)
    radius = torch.hypot(across[:, None], across)
    paired = (across > -0.5)[:, None] & (across > -0.5)
    within = both[(radius > 2 ** -len(found)) & paired]
    assert within.min().item() == pytest.approx(within.max().item(), rel=1e-4)
    assert within.min() > 1


def test_a_band_on_its_own_grid_is_the_band_of_the_whole_image():
    x = torch.from_numpy(noise(1, 64)[:, 0].astype(np.float32))
    band = bands(64)[3]
    small = split(torch.fft.fft2(x), band)
    wide = torch.zeros(4, 64, 64)
    kept = torch.cat([torch.arange(band.grid // 2), torch.arange(64 - band.grid // 2, 64)])
    wide[:, kept[:, None], kept] = band.filters
    full = torch.fft.ifft2(torch.fft.fft2(x)[:, None] * wide)
    step = 64 // band.grid
    assert step == 4
    torch.testing.assert_close(small, full[..., ::step, ::step], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("motion", ["turn", "mirror", "shift"])
def test_quarter_turns_mirrors_and_shifts_change_little(motion):
    x = noise(6, sigma=1.2)
    moved = {
        "turn": np.rot90(x, axes=(2, 3)).copy(),
        "mirror": x[..., ::-1].copy(),
        "shift": np.roll(x, (5, 9), (2, 3)),
    }[motion]
    before, after = scattering(x), scattering(moved)
    blurred = scattering(gaussian_filter(x, (0, 0, 1, 1), mode="wrap"))
    assert np.abs(after - before).max() < 0.1 < np.abs(blurred - before).max()
    assert np.abs(after - before).mean() < 0.02 * np.abs(blurred - before).mean()


def test_the_finest_octave_is_seen():
    x = noise(4, sigma=2)
    board = np.indices((32, 32)).sum(0) % 4 // 2 * 8
    found = scattering((x + board).astype(np.uint8))[:, 2] - scattering(x)[:, 2]
    assert (found > 1).all()


def test_an_image_is_described_alone_and_by_as_many_numbers_as_said():
    x = noise(5)
    np.testing.assert_allclose(scattering(x)[2:3], scattering(x[2:3]), atol=1e-5)
    for size, octaves in ((16, 2), (32, 3), (64, 4)):
        features = scattering(noise(2, size))
        assert features.shape == (2, 2 + octaves + 3 * octaves * (octaves - 1) // 2)
    assert np.isfinite(scattering(np.zeros((2, 1, 16, 16), np.uint8))).all()


def test_a_size_without_octaves_is_refused():
    with pytest.raises(InputError, match="48 x 48"):
        bands(48)
