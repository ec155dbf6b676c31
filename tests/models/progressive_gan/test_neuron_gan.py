"""Checkpoints of neuron-gan: its modules by name and shape, their images, bad files."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from model_settings import settings
from morphoflow.errors import InputError
from morphoflow.models.progressive_gan import model as progressive_gan
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.neuron_gan import published_model, read_checkpoint
from morphoflow.models.shared.generating import part
from neuron_gan_files import LATENT, START, WIDTHS, checkpoint
from small_progressive_gan import CPU

FAITHFUL = settings("progressive_gan", "faithful")


def normalised(maps):
    maps = functional.leaky_relu(maps, 0.2)
    return maps / torch.sqrt(torch.mean(maps**2, dim=1, keepdim=True) + 1e-8)


def convolved(maps, weight, bias=None):
    """The maps scaled by the gain over the root of the number of inputs, as neuron-gan does."""
    gain = nn.init.calculate_gain("leaky_relu", 0.2) / np.sqrt(weight[0].numel())
    return functional.conv2d(gain * maps, weight, bias, padding=weight.shape[-1] // 2)


def image_of(z, state, blocks):
    z = z.clamp(-5, 5)
    z = z / z.norm(p=2, dim=1, keepdim=True)
    gain = nn.init.calculate_gain("leaky_relu", 0.2) / np.sqrt(LATENT)
    maps = functional.linear(gain * z, state["layers.0.weight"]).view(len(z), -1, START, START)
    maps = normalised(convolved(normalised(maps), state["layers.4.weight"]))
    for layer in blocks:
        maps = functional.interpolate(maps, scale_factor=2, mode="bilinear")
        for place in (1, 4):
            maps = normalised(convolved(maps, state[f"layers.{layer}.{place}.weight"]))
    return functional.conv2d(maps, state["ToIm.layers.0.weight"]).tanh()


def score_of(x, state, last):
    maps = functional.conv2d(x, state["FromIm.conv.weight"], state["FromIm.conv.bias"])
    for layer in range(last):
        maps = functional.avg_pool2d(maps, 2)
        for place in (1, 4):
            maps = normalised(convolved(maps, state[f"layers.{layer}.{place}.weight"]))
    weight, bias = (state[f"layers.{last}.{kind}"] for kind in ("weight", "bias"))
    maps = normalised(convolved(maps, weight, bias))
    weight, bias = (state[f"layers.{last + 3}.{kind}"] for kind in ("weight", "bias"))
    gain = nn.init.calculate_gain("leaky_relu", 0.2) / np.sqrt(weight.numel())
    return functional.conv2d(gain * maps, weight, bias).flatten()


@pytest.mark.parametrize("last", [1, 2])
def test_images_and_scores_are_those_of_the_published_networks(tmp_path, last):
    torch.save(checkpoint(last), tmp_path / "gen_dis.pth")
    content = read_checkpoint(tmp_path / "gen_dis.pth")
    model = published_model(content, FAITHFUL, {})
    size = START << last
    assert model.facts["size"] == size and model.facts["widths"] == WIDTHS[: last + 1]
    z = progressive_gan.latents(3, LATENT, 0, CPU)
    expected = image_of(z, content["Generator_state"], range(7, 7 + last))
    generator = progressive_gan.load(model, CPU)
    torch.testing.assert_close(generator(z, last), expected, rtol=1e-4, atol=1e-5)
    images = progressive_gan.generate(model, z, {}, CPU)
    assert images.shape == (3, 1, size, size) and images.std() > 1
    critic = Critic(model.facts["widths"], faithful=True)
    critic.load_state_dict(part(model.state, "critic"))
    x = torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        scores = critic(x, last)
    expected = score_of(x, content["Discriminator_state"], last)
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)


def test_a_file_that_does_not_fit_is_refused_with_the_tensor_that_does_not(tmp_path):
    path = tmp_path / "weights.pth"
    for content, words in [
        ({"epoch": 3}, "is not a checkpoint of neuron-gan"),
        (checkpoint(alpha=0.25), "faded in .by 25%"),
    ]:
        torch.save(content, path)
        with pytest.raises(InputError, match=words):
            read_checkpoint(path)
    path.write_bytes(b"<html>sign in</html>")
    with pytest.raises(InputError, match="is not a checkpoint of neuron-gan"):
        read_checkpoint(path)
    lacking, other = checkpoint(), checkpoint()
    del lacking["Discriminator_state"]["layers.1.4.weight"]
    other["Generator_state"]["layers.8.1.weight"] = torch.zeros(2, 4, 5, 5)
    for content, words in [
        (lacking, "'layers.1.4.weight' is missing where .6, 6, 3, 3."),
        (other, r"'layers.8.1.weight' is .2, 4, 5, 5. where .2, 4, 3, 3."),
    ]:
        with pytest.raises(InputError, match=words):
            published_model(content, FAITHFUL, {})
