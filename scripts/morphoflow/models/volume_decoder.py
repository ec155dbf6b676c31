"""A residual decoder from a latent vector to a volume, which sees nothing but that vector."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from morphoflow.models.volume_blocks import ResidualBlock, initialise


class VolumeDecoder(nn.Module):
    """Volumes (b, channels, size, size, size) as logits, from latents (b, latent_size).

    A linear layer gives a map of a few voxels, which each further width doubles; the volume is the
    middle of the last map.
    """

    def __init__(
        self,
        channels: int,
        size: int,
        latent_size: int,
        widths: list[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.size, self.first = size, -(-size // 2 ** len(widths))
        self.unfold = nn.Linear(latent_size, widths[0] * self.first**3)
        layers: list[nn.Module] = [ResidualBlock(widths[0])]
        for n_in, n_out in pairwise(widths):
            layers += [nn.ConvTranspose3d(n_in, n_out, 2, stride=2), ResidualBlock(n_out)]
        # Filters that overlap, because no layer follows which could smooth seams between them.
        layers += [nn.SiLU(), nn.ConvTranspose3d(widths[-1], channels, 4, stride=2, padding=1)]
        self.layers = nn.Sequential(*layers)
        initialise(self, generator)
        self.to(memory_format=torch.channels_last_3d)

    def forward(self, z: Tensor) -> Tensor:
        """The logit of each voxel."""
        maps = self.unfold(z).unflatten(1, (-1, *[self.first] * 3))
        maps = self.layers(maps.contiguous(memory_format=torch.channels_last_3d))
        edge = (maps.shape[-1] - self.size) // 2
        middle = slice(edge, edge + self.size)
        return maps[..., middle, middle, middle]
