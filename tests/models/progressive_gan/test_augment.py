"""Motions and tones of images: identity, quarter turns, analytic rotations, what is conserved."""

import math

import pytest
import torch

from morphoflow.models.progressive_gan.augment import moved, toned

SIZE = 48


def noise(n=4, size=16):
    return torch.rand(n, 1, size, size, generator=torch.Generator().manual_seed(0))


def spots(centres):
    """Gaussian spots (n, 1, SIZE, SIZE) at places (n, 2) as x (right), y (down) from the middle."""
    place = torch.arange(SIZE) - (SIZE - 1) / 2
    x, y = centres[:, 0, None, None], centres[:, 1, None, None]
    return torch.exp(-((place - x) ** 2 + (place[:, None] - y) ** 2) / 8)[:, None]


def test_no_motion_and_no_change_of_tone_give_the_same_image():
    x, zero = noise(), torch.zeros(4)
    assert torch.equal(moved(x, zero, zero.bool(), torch.zeros(4, 2)), x)
    assert torch.equal(toned(x, torch.ones(4), torch.ones(4)), x)


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3, 4, 5])
def test_quarter_turns_and_flips_move_pixels_alone(turns):
    x = noise()
    angle, still = torch.full((4,), 90.0 * turns), torch.zeros(4, 2)
    flip = torch.tensor([False, True, False, True])
    wanted = torch.where(flip[:, None, None, None], x.flip(-1), x).rot90(turns, (2, 3))
    assert torch.equal(moved(x, angle, flip, still), wanted)


@pytest.mark.parametrize("degrees", [10, 45, 77, 100, 181, 250, 315, -30])
@pytest.mark.parametrize("flip", [False, True])
def test_a_spot_goes_where_geometry_puts_it(degrees, flip):
    centre, shift = torch.tensor([[7.0, -3.0]]), torch.tensor([[1.5, -2.25]])
    out = moved(spots(centre), torch.tensor([float(degrees)]), torch.tensor([flip]), shift)
    x, y = (-7.0 if flip else 7.0), -3.0
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wanted = spots(torch.tensor([[cosine * x + sine * y - 2.25, cosine * y - sine * x + 1.5]]))
    assert float((out - wanted).abs().max()) < 0.01


def test_fine_detail_keeps_its_contrast_under_a_rotation():
    place = torch.arange(SIZE) - (SIZE - 1) / 2
    stripes = torch.cos(0.7 * math.pi * place).expand(1, 1, SIZE, SIZE)
    out = moved(stripes, torch.tensor([20.0]), torch.tensor([False]), torch.zeros(1, 2))
    inner = out[..., 12:-12, 12:-12]
    assert float(inner.std()) == pytest.approx(float(stripes[..., 12:-12, 12:-12].std()), rel=0.05)


def test_corners_are_not_black_and_a_constant_stays_constant():
    angle, flip = torch.linspace(0, 350, 36), torch.zeros(36, dtype=torch.bool)
    x = torch.full((36, 1, 32, 32), 0.6)
    shift = torch.linspace(-8, 8, 72).view(36, 2)
    assert float((moved(x, angle, flip, shift) - 0.6).abs().max()) < 1e-5


def test_light_away_from_the_edge_is_conserved_and_contrast_leaves_the_mean():
    x = spots(torch.tensor([[3.0, 4.0], [-6.0, 0.0]]))
    out = moved(x, torch.tensor([33.0, 140.0]), torch.tensor([True, False]), torch.ones(2, 2))
    assert torch.allclose(out.sum((1, 2, 3)), x.sum((1, 2, 3)), rtol=1e-3)
    y, one = 2 * noise() - 1, torch.ones(4)
    harder, brighter = toned(y, one, 1.5 * one), toned(y, 0.5 * one, one)
    assert torch.allclose(harder.mean((1, 2, 3)), y.mean((1, 2, 3)), atol=1e-6)
    assert torch.allclose(harder.std((1, 2, 3)), 1.5 * y.std((1, 2, 3)), rtol=1e-5)
    assert torch.allclose((brighter + 1), 0.5 * (y + 1), atol=1e-6)


def test_the_gradient_is_that_of_small_differences():
    x = noise(2, 8).double().requires_grad_()
    angle, flip = torch.tensor([31.0, 222.0]).double(), torch.tensor([True, False])
    shift = torch.tensor([[0.4, -1.2], [1.0, 0.3]]).double()
    assert torch.autograd.gradcheck(lambda x: moved(x, angle, flip, shift), (x,))
