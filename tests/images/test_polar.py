"""Laws of polar sampling: what turns and flips of an image do to it, and where it samples."""

import numpy as np
import pytest
import torch

from morphoflow.images.polar import PolarGrid, unit_circle
from synthetic_shapes import Blobs, noise


def flipped_angles(n_angles: int) -> torch.Tensor:
    return (n_angles // 2 - torch.arange(n_angles)) % n_angles


@pytest.mark.parametrize("size", [9, 28, 33, 64, 256])
@pytest.mark.parametrize("sigma", [0, 0.3, 0.7, 1.5])
def test_quarter_turns_and_flips_permute_the_angles(size, sigma):
    x = noise(2, 2, size, size)
    grid = PolarGrid(size, 7, 60, sigma=sigma)
    polar = grid(x)
    assert polar.shape == (2, 2, 7, 60)
    for turns in range(4):
        turned = grid(torch.rot90(x, turns, (2, 3)))
        assert torch.allclose(turned, polar.roll(15 * turns, dims=-1), atol=1e-5)
    assert torch.allclose(grid(x.flip(-1)), polar[..., flipped_angles(60)], atol=1e-5)


@pytest.mark.parametrize("angle", [10, 30, 45])
def test_any_rotation_shifts_the_angles(angle):
    blobs = Blobs(8)
    grid = PolarGrid(32, 16, 144, sigma=0.7)
    expected = grid(blobs.draw(32)).roll(144 * angle // 360, dims=-1)
    assert (grid(blobs.draw(32, angle)) - expected).abs().max() < 2e-3 * expected.max()


def test_a_narrow_gaussian_beats_bicubic_and_bilinear_sampling_under_rotation():
    blobs, places = Blobs(8), PolarGrid(32, 16, 72)
    step = places.radii[:, None, None] * unit_circle(72).float() * torch.tensor([1, -1]) / 15.5

    def bilinear(x):
        places = step.expand(len(x), -1, -1, -1)
        return torch.nn.functional.grid_sample(x, places, align_corners=True)

    def error(sample):
        wanted = sample(blobs.draw(32)).roll(6, dims=-1)
        return float((sample(blobs.draw(32, 30)) - wanted).norm() / wanted.norm())

    narrow = error(PolarGrid(32, 16, 72, sigma=0.7))
    assert 4 * narrow < error(places)
    assert 4 * narrow < error(bilinear)


def test_samples_lie_where_the_definition_says():
    size, grid = 21, PolarGrid(21, 5, 8)
    y, x = torch.meshgrid(torch.arange(21.0), torch.arange(21.0), indexing="ij")
    of_x, of_y = grid(torch.stack([x, y])[None])[0]
    radii = (np.arange(5) + 0.5) * 2
    angles = 2 * np.pi * np.arange(8) / 8
    assert np.allclose(of_x, 10 + radii[:, None] * np.cos(angles), atol=1e-5)
    assert np.allclose(of_y, 10 - radii[:, None] * np.sin(angles), atol=1e-5)
    assert grid.radius == (size - 1) / 2


def test_constants_are_kept_and_the_border_goes_on_beyond_the_image():
    grid = PolarGrid(16, 8, 32, radius=40, sigma=0.7)
    assert torch.allclose(grid(torch.full((1, 3, 16, 16), 0.3)), torch.tensor(0.3), atol=1e-6)


def test_images_do_not_depend_on_the_others_of_their_batch():
    x, grid = noise(5, 2, 16, 16), PolarGrid(16, 8, 32)
    assert torch.allclose(grid(x)[3], grid(x[3:4])[0], atol=1e-7)


def test_angles_that_quarter_turns_cannot_permute_are_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        PolarGrid(16, 8, 30)


def test_the_plan_is_no_part_of_a_checkpoint():
    assert PolarGrid(16, 8, 32).state_dict() == {}
