"""Weights that neuron-gan published, brought into the networks of the variant `faithful`.

A checkpoint of it (such as ``gen_dis_default.pth``; ``Checkpointer.save_state`` in ``utils.py`` of
github.com/oliviertrottier/neuron-gan at commit 64edb91) holds both networks by the names of their
modules there, of which the grown ones alone are read.
"""

import codecs
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.model import BROKEN, Model
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.sizes import START_SIZE
from morphoflow.models.shared.generating import joined

CODE = "progressive_gan/model.py"
# The layers of the generator that come before its first block, and in a block the place of both
# convolutions.
STARTING, FIRST, SECOND = 7, 1, 4
PARTS = ("Generator_attrs", "Generator_state", "Discriminator_state")
# Beside tensors a checkpoint has arrays of losses, written before numpy 2 or after it.
ALLOWED = [
    *(np.ndarray, np.dtype, codecs.encode),
    *(type(np.dtype(kind)) for kind in ("f4", "f8", "i8")),
    *(
        (function, f"numpy.{core}.multiarray.{function.__name__}")
        for core in ("core", "_core")
        for function in (np.empty(0).__reduce__()[0], np.float64().__reduce__()[0])
    ),
]


def read_checkpoint(path: Path) -> dict:
    """What a checkpoint of neuron-gan holds, without executing anything that it may hold.

    Raises InputError where it is not one, or where a size is just being faded in.
    """
    try:
        with torch.serialization.safe_globals(ALLOWED):
            content = torch.load(path, map_location="cpu", weights_only=True)
        attributes, *_ = (content[name] for name in PARTS)
        alpha = float(attributes["alpha"])
    except (OSError, RuntimeError, EOFError, TypeError, ValueError, *BROKEN):
        raise InputError(
            f"{path} is not a checkpoint of neuron-gan; give a file that its training wrote, or "
            "the `.pth` file that its README links to."
        ) from None
    if alpha < 1:
        raise InputError(
            f"{path} was written while {attributes['image_size']} pixels were faded in (by "
            f"{alpha:.0%}); give a checkpoint from after that."
        )
    return content


def published_model(content: dict, settings: dict, provenance: dict) -> Model:
    """The model with the weights of a checkpoint, see :func:`read_checkpoint`.

    ``settings`` are those of the variant `faithful`; widths and size of the latent are the
    checkpoint's. Raises InputError where a tensor is missing or has another shape.
    """
    of_generator, attributes = content["Generator_state"], content["Generator_attrs"]
    size, start = attributes["image_size"], attributes["image_size_init"]
    if start != START_SIZE:
        raise InputError(f"the checkpoint grew from {start} pixels, not from {START_SIZE}.")
    last = int(math.log2(size // start))
    widths = list(attributes["N_features_per_layer"][: last + 1])
    latent_size = of_generator["layers.0.weight"].shape[1]
    settings = settings | {"widths": widths, "latent_size": latent_size}
    networks = {
        "generator": Generator(latent_size, widths, start_size=start, faithful=True),
        "critic": Critic(widths, start_size=start, faithful=True),
    }
    _take(networks["generator"], of_generator, generator_names(last))
    _take(networks["critic"], content["Discriminator_state"], critic_names(last))
    facts = {"size": size, "latent_size": latent_size, "widths": widths}
    facts |= {"grown": last, "pixel_um": None}
    return Model("progressive_gan", CODE, settings, facts, joined(networks), provenance)


def generator_names(last: int) -> dict[str, str]:
    """The name in neuron-gan of each tensor of a generator at stage ``last``, by that here."""
    names = {"blocks.0.dense.weight": "layers.0.weight"}
    names["blocks.0.convolution.weight"] = f"layers.{SECOND}.weight"
    for stage in range(1, last + 1):
        names |= _pair(stage, STARTING + stage - 1)
    return names | {f"to_image.{last}.weight": "ToIm.layers.0.weight"}


def critic_names(last: int) -> dict[str, str]:
    """The name in neuron-gan of each tensor of a critic at stage ``last``, by that here."""
    names = {}
    for stage in range(1, last + 1):
        names |= _pair(stage, last - stage)
    for kind in ("weight", "bias"):
        names[f"from_image.{last}.{kind}"] = f"FromIm.conv.{kind}"
        names[f"blocks.0.convolution.{kind}"] = f"layers.{last}.{kind}"
        names[f"score.{kind}"] = f"layers.{last + 3}.{kind}"
    return names


def _pair(stage: int, layer: int) -> dict[str, str]:
    places = (("first", FIRST), ("second", SECOND))
    return {f"blocks.{stage}.{ours}.weight": f"layers.{layer}.{at}.weight" for ours, at in places}


def _take(network: torch.nn.Module, state: dict[str, Tensor], names: dict[str, str]) -> None:
    """Give the tensors of a network that are in ``names`` their values in ``state``.

    Those from and to images of smaller sizes are 0: neuron-gan dropped them, and none uses them.
    """
    own = network.state_dict()
    for name, theirs in names.items():
        found = tuple(state[theirs].shape) if theirs in state else "missing"
        if found != tuple(own[name].shape):
            raise InputError(
                f"the checkpoint's '{theirs}' is {found} where {tuple(own[name].shape)} was "
                "expected; give a progressively grown model of neuron-gan's that is as published."
            )
        own[name].copy_(state[theirs])
