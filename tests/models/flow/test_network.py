"""The network of a flow: shapes, what it begins with, features, weights of another size."""

import pytest
import torch

from morphoflow.errors import InputError
from morphoflow.models.flow.network import UNet, patch_in, take_over
from morphoflow.models.flow.sizes import patch_of


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def network(size=64, widths=(8, 16), n_classes=0, seed=0):
    made = UNet(patch_of(size, 32), list(widths), n_classes, torch.Generator().manual_seed(seed))
    return made.eval().requires_grad_(False)


def stirred(made, seed=1):
    """A network none of whose weights are 0."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in made.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return made


def test_blocks_of_pixels_make_images_of_any_size_equally_many_places():
    assert [patch_of(size, 32) for size in (16, 32, 48, 64, 128, 256)] == [1, 1, 1, 2, 4, 8]
    for size in (32, 64):
        made, z = stirred(network(size)), noise(2, 1, size, size)
        assert made(z, torch.rand(2)).shape == z.shape
        assert made.features(z, torch.rand(2)).shape == (2, 16)


def test_at_first_pixels_are_predicted_as_if_they_were_drawn_alone():
    """The mean of a normal grey value, given itself mixed with noise; at the end the value."""
    made, x = network(32), noise(4, 1, 32, 32)
    made.greys.copy_(torch.tensor([-0.5, 0.3]))
    for time in (0.0, 0.4, 1.0):
        variance = (0.3 * time) ** 2 + (1 - time) ** 2
        expected = -0.5 + 0.3**2 * time * (x + 0.5 * time) / variance
        torch.testing.assert_close(made(x, torch.full((4,), time)), expected)
    torch.testing.assert_close(stirred(made)(x, torch.ones(4)), x)


def test_each_image_is_seen_by_itself_and_the_time_counts():
    made, z = stirred(network(32)), noise(3, 1, 32, 32)
    together, alone = made(z, torch.full((3,), 0.5)), made(z[1:2], torch.full((1,), 0.5))
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)
    assert (made(z, torch.full((3,), 0.9)) - together).abs().max() > 1e-3


def test_no_class_is_a_class_of_its_own():
    made, z, time = stirred(network(32, n_classes=2)), noise(2, 1, 32, 32), torch.rand(2)
    of_none = made(z, time)
    assert torch.equal(made(z, time, torch.zeros(2, 2)), of_none)
    assert (made(z, time, torch.eye(2)) - of_none).abs().max() > 1e-4


def test_weights_of_smaller_images_see_a_block_as_they_saw_a_pixel():
    small, large = stirred(network(64, n_classes=2)), network(128, n_classes=3)
    take_over(large, small.state_dict())
    assert patch_in(small.state_dict()) == 2 and patch_in(large.state_dict()) == 4
    # Without an image in it, so that what passes by the network is nothing.
    z, time = noise(2, 1, 64, 64), torch.zeros(2)
    blocks = torch.repeat_interleave(torch.repeat_interleave(z, 2, 2), 2, 3)
    # Twice as large, for noise that is different in each pixel.
    found = large(blocks / 2, time)
    expected = torch.repeat_interleave(torch.repeat_interleave(small(z, time), 2, 2), 2, 3)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    fine = noise(400, 4, 4)
    first = large.state_dict()["enter.weight"][0, :, 0, 0] @ fine.flatten(1).T
    coarse = small.state_dict()["enter.weight"][0, :, 0, 0] @ noise(400, 2, 2).flatten(1).T
    assert float(first.std() / coarse.std()) == pytest.approx(1, abs=0.15)


def test_weights_of_the_same_size_are_taken_over_as_they_are_and_others_refused():
    one, other = stirred(network(64)), network(64)
    take_over(other, one.state_dict())
    assert all(torch.equal(other.state_dict()[k], v) for k, v in one.state_dict().items())
    for unfit in (network(128), network(64, widths=(8, 24)), network(64, widths=(8, 16, 16))):
        with pytest.raises(InputError, match="start_from"):
            take_over(network(64), unfit.state_dict())
