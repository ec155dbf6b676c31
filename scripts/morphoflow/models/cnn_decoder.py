"""A convolutional decoder from a latent vector to an image."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from morphoflow.models.initialise import initialise


class CNNDecoder(nn.Module):
    """Images (b, channels, size, size) as logits, from latents (b, latent_size).

    A linear layer gives a map of a few pixels, which each further width doubles; the image is the
    middle of the last map. Settings: ``latent_size``, ``decoder_widths``.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        widths = settings["decoder_widths"]
        self.size, self.first = size, -(-size // 2 ** len(widths))
        self.unfold = nn.Linear(settings["latent_size"], widths[0] * self.first**2)
        layers: list[nn.Module] = [nn.SiLU()]
        for n_in, n_out in pairwise(widths):
            layers += [_doubled(n_in, n_out), nn.BatchNorm2d(n_out), nn.SiLU()]
        layers.append(_doubled(widths[-1], channels, bias=True))
        self.layers = nn.Sequential(*layers)
        initialise(self, generator)

    def forward(self, z: Tensor) -> Tensor:
        """The logit of each pixel."""
        maps = self.layers(self.unfold(z).unflatten(1, (-1, self.first, self.first)))
        edge = (maps.shape[-1] - self.size) // 2
        return maps[..., edge : edge + self.size, edge : edge + self.size]


def _doubled(n_in: int, n_out: int, bias: bool = False) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(n_in, n_out, kernel_size=4, stride=2, padding=1, bias=bias)
