"""Laws of turns: they keep what they should, and frames turn with the neuron."""

import pytest
import torch

from morphoflow.models.shared.turning import frames, random_turns, turns


def orthogonal(motion):
    eye = torch.eye(3).expand_as(motion)
    torch.testing.assert_close(motion @ motion.transpose(-1, -2), eye, atol=1e-5, rtol=0)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_turns_keep_the_axis_and_all_distances(axis):
    angle = torch.linspace(0, 6, 8)
    motion = turns(axis, angle, torch.arange(8) % 2 == 1)
    upright = torch.eye(3)["xyz".index(axis)]
    torch.testing.assert_close(motion @ upright, upright.expand(8, 3))
    orthogonal(motion)
    determinant = torch.linalg.det(motion)
    torch.testing.assert_close(determinant, torch.tensor([1.0, -1.0] * 4))
    assert torch.equal(turns("none", angle, angle > 3), torch.eye(3).expand(8, 3, 3))


def test_random_turns_about_all_axes_are_even_and_half_of_them_mirrored():
    motion = random_turns("all", 4000, torch.Generator().manual_seed(0))
    orthogonal(motion)
    assert motion.mean(0).abs().max() < 0.05
    assert 0.45 < (torch.linalg.det(motion) > 0).float().mean() < 0.55


def test_mirrored_copies_change_one_sign_or_nothing():
    motion = random_turns("mirror_y", 200, torch.Generator().manual_seed(0))
    assert torch.equal(motion.abs(), torch.eye(3).expand(200, 3, 3))
    assert 0.4 < (motion[:, 1, 1] < 0).float().mean() < 0.6
    assert (motion[:, 0, 0] == 1).all() and (motion[:, 2, 2] == 1).all()


@pytest.mark.parametrize(
    "axis, number", [("x", 4), ("y", 4), ("all", 8), ("mirror_z", 2), ("none", 1)]
)
def test_what_frames_show_is_the_same_set_for_every_turn(axis, number):
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(5, 30, 3, generator=generator) * torch.tensor([1.0, 2.0, 4.0])
    weight = torch.rand(5, 30, generator=generator)
    turned = points @ random_turns(axis, 5, generator).transpose(1, 2)
    ways = frames(points, weight, axis)
    assert ways.shape == (5, number, 3, 3)
    orthogonal(ways)
    seen, again = ((of[:, None] @ frames(of, weight, axis)).flatten(2) for of in (points, turned))
    nearest = torch.cdist(seen, again).amin(2)
    assert nearest.max() < 1e-3
