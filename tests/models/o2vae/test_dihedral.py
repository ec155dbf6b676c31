"""Features of the dihedral encoder: exact under the grid's symmetries, small changes otherwise."""

import copy

import numpy as np
import pytest
import torch
from skimage.draw import polygon

from model_settings import settings
from morphoflow.models.o2vae.dihedral import DihedralEncoder
from morphoflow.models.o2vae.encoder import blurred_half, windows

ELEMENTS = [(flip, turns) for flip in (False, True) for turns in range(4)]


def make(channels=1, size=32, **changes):
    chosen = settings("o2vae", "dihedral", **changes)
    return DihedralEncoder(channels, size, chosen, torch.Generator().manual_seed(0))


def noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def moved(x, flip, turns):
    return (x.flip(-1) if flip else x).rot90(turns, (-2, -1))


@pytest.mark.parametrize(
    ("order", "channels", "size", "fields"),
    [(4, 1, 35, [2, 4]), (8, 1, 32, [2, 4]), (8, 2, 35, [2, 3, 4]), (16, 1, 32, [4])],
)
def test_features_do_not_change_under_flips_and_quarter_turns(order, channels, size, fields):
    encoder = make(channels, size, group_order=order, group_fields=fields).eval()
    x = noise(2, channels, size, size)
    with torch.no_grad():
        still, *others = [encoder(moved(x, *element)) for element in ELEMENTS]
    assert still.shape == (2, encoder.n_features) == (2, 16)
    for other in others:
        change = other - still
        assert float((change.norm(dim=1) / still.norm(dim=1)).max()) < 1e-5


def blob(angle, seed, size=32):
    """A smooth random outline turned by an angle in degrees, with anti-aliased edges."""
    rng, fine = np.random.default_rng(seed), 6
    t = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    k = np.arange(1, 7)[:, None]
    amplitudes = rng.normal(size=(2, 6, 1)) / (1 + k)
    waves = amplitudes[0] * np.cos(k * t) + amplitudes[1] * np.sin(k * t)
    radius = np.exp(0.5 * waves.sum(0))
    radius *= 0.42 * size / radius.max()
    t = t + np.deg2rad(angle)
    rows, columns = (size / 2 + radius * f for f in (-np.sin(t), np.cos(t)))
    mask = np.zeros((size * fine, size * fine), np.float32)
    mask[polygon(rows * fine - 0.5, columns * fine - 0.5, mask.shape)] = 1
    return torch.tensor(mask.reshape(size, fine, size, fine).mean((1, 3)))[None]


def test_a_turn_by_any_angle_moves_a_shape_by_a_tenth_of_the_way_to_the_nearest_other():
    encoder = make()
    shapes = {angle: torch.stack([blob(angle, k) for k in range(30)]) for angle in (0, 10, 45, 77)}
    with torch.no_grad():
        for _ in range(5):
            encoder(shapes[0])
        encoder.eval()
        features = {angle: encoder(x) for angle, x in shapes.items()}
    apart = torch.cdist(features[0], features[0]).fill_diagonal_(torch.inf).amin(1)
    for angle in (10, 45, 77):
        shift = (features[angle] - features[0]).norm(dim=1)
        assert float((shift / apart).median()) < 0.10


def test_what_lies_outside_the_disc_does_not_count():
    encoder = make().eval()
    x = noise(1, 1, 32, 32)
    changed = x.clone()
    changed[..., :4, :4], changed[..., -4:, -4:] = 0, 1
    torch.testing.assert_close(encoder(changed), encoder(x), rtol=0, atol=0)


def test_weights_come_from_the_generator_alone():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, again = make(), make()
    assert torch.equal(torch.get_rng_state(), state)
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_state_copy_and_precision():
    encoder, x = make(), noise(4, 1, 32, 32)
    encoder(x).sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())
    other = make().eval()
    other.load_state_dict(encoder.state_dict())
    expected = encoder.eval()(x)
    assert torch.equal(other(x), expected) and torch.equal(copy.deepcopy(encoder)(x), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(encoder(x).float(), expected, rtol=0.1, atol=0.1)
    torch.testing.assert_close(encoder.double()(x.double()).float(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [8, 9, 11])
def test_halving_commutes_with_flips_and_quarter_turns(size):
    x = noise(2, 3, size, size)
    for element in ELEMENTS:
        for halve in (blurred_half, lambda maps: windows(maps).amax(0)):
            assert halve(x).shape == (2, 3, size // 2, size // 2)
            torch.testing.assert_close(halve(moved(x, *element)), moved(halve(x), *element))


def test_halving_keeps_a_constant_and_removes_a_chequerboard():
    ones = torch.ones(1, 1, 16, 16)
    chequered = (-1.0) ** (torch.arange(16)[:, None] + torch.arange(16)).expand(1, 1, 16, 16)
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(blurred_half(ones)[inside], torch.ones(1, 1, 4, 4))
    torch.testing.assert_close(blurred_half(chequered)[inside], torch.zeros(1, 1, 4, 4))
