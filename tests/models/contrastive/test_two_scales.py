"""The encoder of two scales: where the parts of an object are, and what they do not change."""

import torch

from morphoflow.models.contrastive.network import ContrastiveNetwork, part_corners, parts_of
from small_contrastive import SETTINGS

SIZE, SIDE = 16, 6


def bar():
    """A bar along the first axis, from voxel 2 to 13, off the middle of the other two."""
    x = torch.zeros(1, 2, SIZE, SIZE, SIZE)
    x[:, 1, 2:14, 5:8, 10:13] = 1
    x[:, 0] = x[:, 1] * torch.linspace(0.1, 1, SIZE)[:, None, None]
    return x


def test_parts_lie_one_after_the_other_on_the_object():
    corners = part_corners(bar()[:, 1], 3, SIDE)
    middles = corners[0] + (SIDE - 1) / 2
    assert (middles - torch.tensor([[3.5, 6, 11], [7.5, 6, 11], [11.5, 6, 11]])).abs().max() <= 0.5
    assert (corners >= 0).all() and (corners + SIDE <= SIZE).all()


def test_a_part_has_the_voxels_of_its_box():
    x = torch.rand(3, 2, SIZE, SIZE, SIZE)
    corners = torch.randint(0, SIZE - SIDE + 1, (3, 4, 3))
    parts = parts_of(x, corners, SIDE)
    assert parts.shape == (3, 4, 2, SIDE, SIDE, SIDE)
    z, y, a = corners[1, 2].tolist()
    assert torch.equal(parts[1, 2], x[1, :, z : z + SIDE, y : y + SIDE, a : a + SIDE])


def test_an_empty_mask_has_parts_too():
    corners = part_corners(torch.zeros(2, SIZE, SIZE, SIZE), 3, SIDE)
    assert corners.shape == (2, 3, 3) and (corners >= 0).all()


def test_features_of_two_scales_are_those_of_each_object_alone():
    settings = SETTINGS | {"fine_size": SIDE, "fine_parts": 2}
    network = ContrastiveNetwork(SIZE, settings, torch.Generator().manual_seed(0)).eval()
    x = torch.cat([bar(), bar().flip(2), torch.rand(1, 2, SIZE, SIZE, SIZE)])
    together = network.encode(x)
    assert together.shape == (3, 2 * settings["widths"][-1])
    alone = torch.cat([network.encode(one[None]) for one in x])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
