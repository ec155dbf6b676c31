"""Parts of the models of volumes: turns of a cube, weights of voxels, divergence, encoder."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from model_settings import settings
from morphoflow.models.volume_vae.data import ELEMENTS, randomly_turned, turned
from morphoflow.models.volume_vae.losses import (
    bounded_logit,
    floored_divergence,
    mean_logits,
    reconstruction_loss,
    voxel_weights,
)
from morphoflow.models.volume_vae.network import VolumeEncoder

SETTINGS = settings("volume_vae")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(elements):
    """A copy of one volume, no two voxels of which are alike, for each of the elements."""
    volume = torch.arange(54, dtype=torch.uint8).reshape(1, 2, 3, 3, 3)
    return turned(volume.expand(len(elements), -1, -1, -1, -1), elements)


def test_the_turns_are_the_group_of_the_cube():
    every = numbered(torch.arange(48))
    assert len({volume.numpy().tobytes() for volume in every}) == 48
    corner = torch.zeros(48, 1, 3, 3, 3)
    corner[:, :, 0, 0, 0] = corner[:, :, 0, 0, 1] = corner[:, :, 0, 1, 1] = 1
    images = {volume.numpy().tobytes() for volume in turned(corner, torch.arange(48))}
    twice = turned(turned(corner, torch.arange(48)), torch.full((48,), 29))
    assert {volume.numpy().tobytes() for volume in twice} == images
    assert torch.equal(every[0], numbered(torch.zeros(1, dtype=torch.int64))[0])


def test_a_turn_keeps_neighbours_and_leaves_channels_alone():
    every = numbered(torch.arange(48)).int()
    steps = torch.stack(
        [every.diff(dim=axis).flatten(1).abs().sort(1).values for axis in (2, 3, 4)]
    )
    total = steps.permute(1, 0, 2).flatten(1).sort(1).values
    assert (total == total[0]).all()
    assert (every[:, 0] < 27).all() and (every[:, 1] - every[:, 0] == 27).all()


def test_turns_about_z_keep_planes_of_z():
    every = numbered(torch.arange(ELEMENTS["z"]))
    planes = every[:, 0].flatten(2) // 9
    assert (planes == planes[..., :1]).all()
    others = numbered(torch.arange(ELEMENTS["z"], 48))[:, 0].flatten(2) // 9
    assert (others != others[..., :1]).flatten(1).any(1).all()


def test_random_turns_reach_every_element_equally_often():
    volumes = numbered(torch.zeros(4800, dtype=torch.int64))
    found, counts = randomly_turned(volumes, "cube", seeded()).unique(dim=0, return_counts=True)
    assert len(found) == 48 and counts.min() > 60 and counts.max() < 150
    assert torch.equal(randomly_turned(volumes, "none", seeded()), volumes)
    same = [randomly_turned(volumes, "z", seeded(3)) for _ in range(2)]
    assert torch.equal(*same)


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("edge", [1, 4, 11])
def test_the_object_has_its_share_of_the_weight_whatever_its_size(share, edge):
    mask = torch.zeros(1, 12, 12, 12)
    mask[:, :edge, :edge, :edge] = 1
    weights = voxel_weights(mask, share)
    assert float((weights * mask).sum()) == pytest.approx(share * 12**3, rel=1e-4)
    assert float(weights.sum()) == pytest.approx(12**3, rel=1e-4)


def test_em_beyond_the_object_does_not_count():
    mask = torch.zeros(2, 8, 8, 8)
    mask[:, 2:5, 3:6, 2:7] = 1
    logits = torch.randn(2, 2, 8, 8, 8, generator=seeded())
    x = torch.stack([torch.rand(2, 8, 8, 8, generator=seeded()), mask], 1)
    other = x.clone()
    other[:, 0] += 5 * (1 - mask)
    losses = [reconstruction_loss(logits, each, mask, SETTINGS) for each in (x, other)]
    assert torch.equal(*losses) and losses[0].shape == (2,)
    inside = (torch.sigmoid(logits[:, 0]) - x[:, 0]).square()[mask > 0].reshape(2, -1).mean(1)
    without = reconstruction_loss(logits, x, mask, SETTINGS | {"em_weight": 0.0})
    torch.testing.assert_close(losses[0] - without, 512 * inside, rtol=1e-3, atol=1e-2)


def test_no_single_volume_scores_better_than_the_mean_one():
    mask = torch.rand(6, 5, 5, 5, generator=seeded()) ** 4
    x = torch.stack([torch.rand(6, 5, 5, 5, generator=seeded(1)), mask], 1)
    best = mean_logits([(x[:4], mask[:4]), (x[4:], mask[4:])], SETTINGS)
    at_best = reconstruction_loss(best.expand_as(x), x, mask, SETTINGS).sum()
    for seed in range(5):
        near = best + 0.1 * torch.randn(best.shape, generator=seeded(seed))
        assert reconstruction_loss(near.expand_as(x), x, mask, SETTINGS).sum() > at_best
    plain = bounded_logit(x.mean(0)).expand_as(x)
    assert reconstruction_loss(plain, x, mask, SETTINGS).sum() > at_best


def test_the_divergence_is_that_of_normal_distributions_and_never_below_its_free_bits():
    mean = 2 * torch.randn(50, 7, generator=seeded(), dtype=torch.float64)
    log_variance = 2 * torch.randn(50, 7, generator=seeded(1), dtype=torch.float64)
    posterior = Normal(mean, (0.5 * log_variance).exp())
    known = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(floored_divergence(mean, log_variance, 0.0), known)
    assert (floored_divergence(mean, log_variance, 0.5) >= known - 1e-9).all()
    collapsed = floored_divergence(torch.zeros(3, 7), torch.zeros(3, 7), 0.5)
    torch.testing.assert_close(collapsed, torch.full((3,), 7 * 0.5 * math.log(2)))


@pytest.mark.parametrize("size", [16, 32])
def test_features_of_a_volume_do_not_depend_on_its_batch(size):
    encoder = VolumeEncoder(2, size, [8, 16], seeded())
    x = torch.rand(4, 2, size, size, size, generator=seeded(1))
    with torch.no_grad():
        features, maps = encoder(x), encoder.feature_map(x)
        torch.testing.assert_close(encoder(x[2:3]), features[2:3], rtol=1e-4, atol=1e-5)
    assert features.shape == (4, encoder.n_features) == (4, 16)
    assert maps.shape == (4, 16, *[encoder.map_size] * 3) and encoder.map_size == size // 4
