"""First weights of a network, from a generator of its own."""

import math

import torch
from torch import nn

# The gain of He et al. (ICCV 2015), for units that pass on what is above 0.
HE = math.sqrt(2)


def initialise(network: nn.Module, generator: torch.Generator, gain: float = HE) -> None:
    """Draw all weights anew, in the order of the modules.

    Those of convolutions and linear layers have a standard deviation of ``gain`` by the root of the
    number of values that enter a unit; biases and the shifts of normalisation are 0, its scales 1.
    """
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d):
            fan_in = module.weight[:, 0].numel() / math.prod(module.stride)
            _draw(module.weight, gain / math.sqrt(fan_in), generator)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            _draw(module.weight, gain / math.sqrt(module.weight[0].numel()), generator)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        if isinstance(getattr(module, "bias", None), nn.Parameter):
            nn.init.zeros_(module.bias)


def _draw(weight: torch.Tensor, deviation: float, generator: torch.Generator) -> None:
    with torch.no_grad():
        weight.normal_(0, deviation, generator=generator)
