"""Laws of the augmentations of volumes: what they keep, what they remove, when they do nothing."""

import math

import pytest
import torch

from model_settings import settings
from morphoflow.models.contrastive.augment import (
    augmented,
    blurred,
    boxes,
    cut_out,
    extent,
    noisy,
    resampled,
    rotations,
    toned,
)
from morphoflow.models.volume_vae.data import as_floats, turned

SIZE = 16
DEFAULTS = settings("contrastive")
PROBABILITIES = [name for name in DEFAULTS if name.endswith("_probability")]
OFF = DEFAULTS | dict.fromkeys(PROBABILITIES, 0) | {"turns": "none"}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def volumes():
    """Eight objects (8, 2, 16, 16, 16) of bytes: boxes of noise with soft edges off the centre."""
    em = torch.randint(60, 200, (8, SIZE, SIZE, SIZE), generator=seeded(1))
    mask = torch.zeros(8, SIZE, SIZE, SIZE)
    mask[:, 3:12, 5:10, 4:14] = 0.4
    mask[:, 4:11, 6:9, 5:13] = 1
    return torch.stack([em * mask, 255 * mask], 1).to(torch.uint8)


def test_nothing_happens_with_probability_zero(volumes):
    assert torch.equal(augmented(volumes, OFF, seeded()), as_floats(volumes))
    still = OFF | {name.replace("probability", "strength"): 0 for name in PROBABILITIES}
    still |= dict.fromkeys(PROBABILITIES, 1)
    assert torch.equal(augmented(volumes, still, seeded()), as_floats(volumes))


@pytest.mark.parametrize("name", PROBABILITIES)
def test_each_augmentation_happens_as_often_as_its_probability_says(volumes, name):
    many = volumes[:1].repeat(400, 1, 1, 1, 1)
    changed = augmented(many, OFF | {name: 0.25}, seeded()) != as_floats(many)
    share = changed.flatten(1).any(1).double().mean().item()
    assert 0.15 < share < 0.33


def test_views_differ_are_within_range_and_come_again_from_the_same_seed(volumes):
    first, again, other = (augmented(volumes, DEFAULTS, seeded(k)) for k in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    for views in (first, other):
        assert views.dtype == torch.float32 and views.shape == volumes.shape
        assert views.min() >= 0 and views.max() <= 1 + 1e-6
    same = augmented(volumes[:1].repeat(6, 1, 1, 1, 1), DEFAULTS, seeded())
    assert all(not torch.equal(same[0], view) for view in same[1:])


@pytest.mark.parametrize(("kind", "order"), [("cube", 48), ("z", 16)])
def test_turns_are_a_group(kind, order):
    cube = torch.arange(27.0).view(1, 1, 3, 3, 3)
    elements = turned(cube.expand(order, -1, -1, -1, -1), torch.arange(order))
    seen = {tuple(x.flatten().tolist()) for x in elements}
    assert len(seen) == order and tuple(range(27)) in seen
    for k in range(order):
        after = turned(elements, torch.full((order,), k))
        assert {tuple(x.flatten().tolist()) for x in after} == seen


def test_a_turn_about_z_leaves_every_slice_a_slice(volumes):
    many = volumes[:1].repeat(64, 1, 1, 1, 1)
    views = augmented(many, OFF | {"turns": "z"}, seeded())
    per_slice = [x.sum((-1, -2)).sort().values for x in (as_floats(many), views)]
    torch.testing.assert_close(*per_slice)
    free = augmented(many, OFF | {"turns": "cube"}, seeded()).sum((-1, -2)).sort().values
    assert not torch.allclose(free, per_slice[0])


def test_a_free_rotation_about_z_moves_nothing_between_slices(volumes):
    em = torch.zeros(20, 2, SIZE, SIZE, SIZE)
    em[:, :, 5, 5:11, 5:11] = 1
    settings = OFF | {"turns": "z", "rotation_probability": 1}
    views = augmented((255 * em).to(torch.uint8), settings, seeded())
    used = (views.sum((1, 3, 4)) > 1e-3).sum(1)
    assert (used == 1).all() and not torch.allclose(views[0], views[1])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rotation_by_a_right_angle_is_the_turn_of_the_grid(volumes, axis):
    x = as_floats(volumes)
    about = torch.eye(3)[axis].expand(len(x), 3)
    quarter = resampled(x, rotations(about, torch.full((len(x),), math.pi / 2)))
    plane = [(-2, -1), (-1, -3), (-3, -2)][axis]
    torch.testing.assert_close(quarter, x.rot90(1, plane), atol=1e-4, rtol=0)


def test_rotations_are_orthogonal_and_their_inverse_is_the_other_way():
    axis = torch.nn.functional.normalize(torch.randn(9, 3, generator=seeded()), dim=1)
    angle = torch.linspace(-3, 3, 9)
    there, back = rotations(axis, angle), rotations(axis, -angle)
    identity = torch.eye(3).expand(9, 3, 3)
    torch.testing.assert_close(there @ back, identity, atol=1e-6, rtol=0)
    torch.testing.assert_close(there @ there.transpose(1, 2), identity, atol=1e-6, rtol=0)
    torch.testing.assert_close((there @ axis[..., None])[..., 0], axis, atol=1e-6, rtol=0)


def test_a_change_of_size_changes_the_volume_by_its_cube():
    place = torch.linspace(-1, 1, 32)
    radius = (place[:, None, None] ** 2 + place[:, None] ** 2 + place**2).sqrt()
    ball = ((0.5 - radius) * 16).clamp(0, 1).expand(3, 2, 32, 32, 32)
    factor = torch.tensor([0.7, 1.0, 1.5])
    moved = resampled(ball, torch.eye(3) * factor[:, None, None])
    ratio = (moved.sum((1, 2, 3, 4)) / ball[0].sum()) ** (1 / 3)
    torch.testing.assert_close(ratio, factor, rtol=0.01, atol=0)


def test_cut_out_removes_its_box_and_nothing_else():
    x = torch.rand(2, 2, SIZE, SIZE, SIZE, generator=seeded()) + 0.1
    start, stop = torch.tensor([[2, 0, 5], [7, 7, 7]]), torch.tensor([[4, 16, 6], [7, 9, 9]])
    cut = cut_out(x, start, stop)
    assert (cut[0, :, 2:4, :, 5:6] == 0).all() and (cut[0] == 0).sum() == 2 * 2 * 16
    kept = cut[0] != 0
    assert torch.equal(cut[0][kept], x[0][kept]) and torch.equal(cut[1], x[1])


def test_a_box_lies_in_the_object_and_never_removes_it_all():
    mask = torch.zeros(300, SIZE, SIZE, SIZE)
    ends = torch.randint(0, SIZE, (300, 2, 3), generator=seeded())
    for volume, (a, b) in zip(mask, ends, strict=True):
        volume[tuple(a)] = volume[tuple(b)] = 0.01
    start, stop = extent(mask)
    torch.testing.assert_close(start, ends.amin(1))
    torch.testing.assert_close(stop, ends.amax(1) + 1)
    share, place = (torch.rand(300, 3, generator=seeded(k)) for k in (1, 2))
    for fraction, where in ((share, place), (share * 0 + 1, place), (share, place * 0 + 1)):
        first, last = boxes(mask, fraction, where)
        assert (first >= start).all() and (last <= stop).all()
        assert torch.equal(last - first, (fraction * (stop - start - 1)).ceil().long())
        assert (cut_out(mask[:, None], first, last).amax((1, 2, 3, 4)) > 0).all()
    empty = boxes(torch.zeros(1, 4, 4, 4), torch.rand(1, 3), torch.rand(1, 3))
    assert torch.equal(*empty)


def test_a_blur_keeps_mass_away_from_the_border_and_is_the_gaussian():
    x = torch.zeros(3, 2, 33, 33, 33)
    x[:, 0, 16, 16, 16], x[:, 1, 12:20, 16, 14] = 1, 0.5
    sigma = torch.tensor([0.0, 0.8, 2.0])
    soft = blurred(x, sigma)
    torch.testing.assert_close(soft.sum((2, 3, 4)), x.sum((2, 3, 4)), rtol=1e-5, atol=0)
    assert torch.equal(soft[0], x[0])
    offset = torch.arange(33) - 16.0
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        profile = soft[2, 0].sum(others)
        assert (profile * offset**2).sum().sqrt().item() == pytest.approx(2, rel=1e-3)
    torch.testing.assert_close(soft[1, 0].transpose(0, 2), soft[1, 0])


def test_tone_and_noise_leave_background_and_mask_alone(volumes):
    x = as_floats(volumes)
    value = torch.linspace(0.5, 1.5, len(x))
    noise = torch.randn(len(x), *x.shape[2:], generator=seeded())
    for changed in (toned(x, value, value - 1, 1 / value), noisy(x, value, noise)):
        assert torch.equal(changed[:, 1], x[:, 1])
        assert (changed[:, 0][x[:, 1] == 0] == 0).all()
        assert not torch.allclose(changed[:, 0], x[:, 0])


def test_tone_changes_mean_and_spread_as_it_says():
    em = 0.3 + 0.2 * torch.rand(3, 1, 8, 8, 8, generator=seeded())
    x = torch.cat([em, torch.ones_like(em)], 1)
    one, zero = torch.ones(3), torch.zeros(3)
    flat = x[:, 0].flatten(1)
    wider = toned(x, 1.5 * one, zero, one)[:, 0].flatten(1)
    torch.testing.assert_close(wider.mean(1), flat.mean(1))
    torch.testing.assert_close(wider.std(1), 1.5 * flat.std(1))
    torch.testing.assert_close(toned(x, one, 0.1 * one, one)[:, 0].flatten(1), flat + 0.1)
    torch.testing.assert_close(toned(x, one, zero, 2 * one)[:, 0].flatten(1), flat**2)


def test_tone_of_what_covers_half_a_voxel_is_half_of_it():
    intensity = torch.rand(3, 6, 6, 6, generator=seeded())
    whole, half = (
        torch.stack([c * intensity, c * torch.ones_like(intensity)], 1) for c in (1, 0.5)
    )
    change = torch.tensor([[1.3, 1, 1], [0, 0.1, 0], [1, 1, 0.7]])
    torch.testing.assert_close(toned(half, *change), toned(whole, *change) / 2)
