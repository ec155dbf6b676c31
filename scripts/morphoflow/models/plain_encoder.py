"""A plain convolutional encoder, which knows nothing of rotations: for comparison."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from morphoflow.models.initialise import initialise


class PlainEncoder(nn.Module):
    """Features (b, n_features) of images (b, channels, size, size).

    Each of the ``widths`` is a convolution that halves the image; the last map is flattened.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([channels, *settings["widths"]]):
            layers.append(nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False))
            layers += [nn.BatchNorm2d(n_out), nn.SiLU()]
            size = -(-size // 2)
        self.layers = nn.Sequential(*layers)
        self.n_features = settings["widths"][-1] * size**2
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Features of the images."""
        return self.layers(x).flatten(1)
