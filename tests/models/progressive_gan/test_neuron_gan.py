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
from small_progressive_gan import CPU

FAITHFUL = settings("progressive_gan", "faithful")
WIDTHS, LATENT, START = [6, 4, 2], 5, 16
# Losses come as arrays.
LOSSES = {"epoch": 3, "lr": np.float64(1e-6), "Loss_G": np.zeros(3)}


def tensors(shapes, seed):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def checkpoint(last=2, alpha=1.0):
    """What neuron-gan saves once the stage ``last`` of three has grown in, by its names.

    As listed by ``state_dict()`` of its Generator_PG and Discriminator_PG after ``set_resolution``;
    what has yet to grow is in lists, which are not read.
    """
    a, b, c = WIDTHS[0], WIDTHS[last - 1], WIDTHS[last]
    generator = {
        "layers.0.weight": (a * START**2, LATENT),
        "layers.4.weight": (a, a, 3, 3),
        "layers.7.1.weight": (WIDTHS[1], a, 3, 3),
        "layers.7.4.weight": (WIDTHS[1], WIDTHS[1], 3, 3),
        "ToIm.layers.0.weight": (1, c, 1, 1),
    }
    discriminator = {
        "layers.0.1.weight": (b, c, 3, 3),
        "layers.0.4.weight": (b, b, 3, 3),
        f"layers.{last}.weight": (a, a, 3, 3),
        f"layers.{last}.bias": (a,),
        f"layers.{last + 3}.weight": (1, a, START, START),
        f"layers.{last + 3}.bias": (1,),
        "FromIm.conv.weight": (c, 1, 1, 1),
        "FromIm.conv.bias": (c,),
    }
    if last == 2:
        generator |= {"layers.8.1.weight": (c, b, 3, 3), "layers.8.4.weight": (c, c, 3, 3)}
        discriminator |= {"layers.1.1.weight": (a, b, 3, 3), "layers.1.4.weight": (a, a, 3, 3)}
    else:
        lists = {"conv_block_list.0.1.weight": (2, 4, 3, 3), "ToIm_list.0.layers.0.weight": (1, 2)}
        generator |= lists
    attributes = {"N_features_per_layer": WIDTHS, "image_size": START << last}
    attributes |= {"image_size_init": START, "alpha": torch.tensor(alpha)}
    return {
        "Generator_state": tensors(generator, 0),
        "Generator_attrs": attributes,
        "Discriminator_state": {**tensors(discriminator, 1), "alpha": torch.tensor(1.0)},
        **LOSSES,
    }


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
