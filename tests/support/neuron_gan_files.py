"""Checkpoints in the layout of neuron-gan's."""

import numpy as np
import torch

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
