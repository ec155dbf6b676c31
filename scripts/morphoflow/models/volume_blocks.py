"""What encoder and decoder of volumes are made of: residual blocks, and their first weights.

Nothing here mixes samples of a batch, and every operation has a deterministic gradient on a GPU:
pooling, interpolation and padding with anything but zeros have none in three dimensions. Channels
lie last in memory, which saves about a fifth of a step's time on a CPU.
"""

import math

import torch
from torch import Tensor, nn

GROUPS = 4


class ResidualBlock(nn.Module):
    """A map (b, width, d, h, w) and what two convolutions add to it.

    Normalised and activated before each convolution, as in He et al. (ECCV 2016), so that the sum
    itself is left as it is; over groups of channels of one sample (Wu and He, ECCV 2018).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.GroupNorm(math.gcd(GROUPS, width), width), nn.SiLU()]
            layers.append(nn.Conv3d(width, width, 3, padding=1, bias=False))
        self.layers = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        """The map of the same shape."""
        return maps + self.layers(maps)


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights anew, in the order of the modules.

    Convolutions and linear layers as in He et al. (ICCV 2015) for the number of values that enter
    a unit; biases are 0, scales of normalisation 1.
    """
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose3d):
            fan_in = module.weight[:, 0].numel() / math.prod(module.stride)
            _draw(module.weight, fan_in, generator)
        elif isinstance(module, nn.Conv3d | nn.Linear):
            _draw(module.weight, module.weight[0].numel(), generator)
        if isinstance(getattr(module, "bias", None), nn.Parameter):
            nn.init.zeros_(module.bias)


def _draw(weight: Tensor, fan_in: float, generator: torch.Generator) -> None:
    with torch.no_grad():
        weight.normal_(0, math.sqrt(2 / fan_in), generator=generator)
