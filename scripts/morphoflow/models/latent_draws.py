"""Latents and images by number: that of number i is the same however many are asked for."""

import importlib
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.training.seeds import torch_seed

# Latents are drawn by blocks of this many, each from a stream of its own. Images are made by whole
# blocks, since sums may be rounded in another way where fewer images are computed at once.
BLOCK = 64


def generating_module(model: Model) -> ModuleType:
    """The module of a model that makes images, or InputError if it makes none.

    Such a module has ``latents(number, size, seed, device)`` for random latents (number, size), and
    ``generate(model, z, device)`` for their images (number, 1, side, side) uint8; the model's facts
    hold the ``latent_size``.
    """
    module = importlib.import_module(f"morphoflow.models.{model.name}")
    if not hasattr(module, "generate"):
        raise InputError(
            f"the model '{model.name}' makes no images; take one that does, as progressive_gan."
        )
    return module


def latent_block(model: Model, block: int, seed: int, device: torch.device) -> Tensor:
    """The latents (BLOCK, d) of the numbers from ``block * BLOCK`` on."""
    own = torch_seed(seed, "sampling", block)
    return generating_module(model).latents(BLOCK, model.facts["latent_size"], own, device)


def image_blocks(
    model: Model, number: int, seed: int, device: torch.device
) -> Iterator[np.ndarray]:
    """The images (b, 1, side, side) uint8 of the numbers 0 to ``number - 1``, block by block."""
    module = generating_module(model)
    for first in range(0, number, BLOCK):
        z = latent_block(model, first // BLOCK, seed, device)
        yield module.generate(model, z, device)[: number - first]
