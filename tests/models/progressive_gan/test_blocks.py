"""Layers of the progressive GAN: what they compute, and the size of their activations."""

import pytest
import torch
from torch.nn import functional

from morphoflow.models.progressive_gan.blocks import (
    Convolution,
    DoublingConvolution,
    HalvingConvolution,
    Linear,
    activated,
    activated_and_normalised,
    deviation_map,
    halved,
    initialise,
    normalised,
)
from morphoflow.models.progressive_gan.published import DoublyScaled, bilinear


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def drawn(layer):
    initialise(layer, torch.Generator().manual_seed(0))
    return layer


def same(a, b):
    return bool((a - b).abs().max() <= 1e-5 * b.abs().max())


@pytest.mark.parametrize("layer", [Linear(256, 128), Convolution(128, 32, 3, 3)])
def test_activations_keep_their_size(layer):
    space = (12, 12) if layer.weight.dim() == 4 else ()
    x = noise(64, layer.weight.shape[1], *space)
    assert float(drawn(layer).weight.detach().std()) == pytest.approx(1, rel=0.02)
    y = layer(x)[..., 1:-1, 1:-1] if space else layer(x)
    assert float(activated(y).detach().square().mean().sqrt()) == pytest.approx(1, rel=0.05)


def test_the_published_layers_are_scaled_twice():
    layer = drawn(DoublyScaled(128, 128, 3, 3))
    assert float(layer(noise(2, 128, 16, 16)).detach().std()) == pytest.approx(0.054, rel=0.1)


def test_the_halving_convolution_is_a_convolution_and_then_the_mean_of_blocks():
    layer, x = drawn(HalvingConvolution(5, 3, 3, 3)), noise(2, 3, 16, 16)
    convolved = functional.conv2d(x, layer.scaled, padding=1)
    assert same(layer(x), halved(convolved))


def test_the_doubling_convolution_is_bilinear_enlargement_and_then_a_convolution():
    layer, x = drawn(DoublingConvolution(5, 3, 3, 3)), noise(2, 3, 8, 8)
    enlarged = bilinear(functional.pad(x, (2, 2, 2, 2)))
    assert same(layer(x), functional.conv2d(enlarged, layer.scaled)[..., 3:-3, 3:-3])


def test_the_deviation_of_known_groups():
    maps = torch.tensor([0.0, 5, 0, 7, 4, 5, 4, 7]).view(8, 1, 1, 1).expand(8, 2, 3, 3)
    assert deviation_map(maps[:1]).max() < 1e-3
    assert torch.allclose(deviation_map(maps[[0, 4]]), torch.full((2, 1, 3, 3), 2.0))
    first = deviation_map(maps)[0::2]
    assert torch.allclose(first, torch.full((4, 1, 3, 3), 2.0))
    assert torch.allclose(deviation_map(maps)[1::2], torch.ones(4, 1, 3, 3))


def test_normalised_places_have_a_mean_square_of_1():
    y = normalised(noise(2, 5, 3, 3))
    assert torch.allclose(y.square().mean(1), torch.ones(2, 3, 3))


def test_activation_and_normalisation_in_one_have_the_derivatives_of_both():
    x = noise(2, 5, 3, 3).double().requires_grad_()
    assert same(activated_and_normalised(x), normalised(activated(x)))
    assert torch.autograd.gradcheck(activated_and_normalised, x)
    assert torch.autograd.gradgradcheck(activated_and_normalised, x)
