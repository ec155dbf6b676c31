"""A residual encoder of volumes, shared by the models of the form `volumes`."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.volume_blocks import ResidualBlock, initialise


class VolumeEncoder(nn.Module):
    """Features (b, widths[-1]) of volumes (b, channels, size, size, size) from 0 to 1.

    Each of the ``widths`` halves the map by a convolution, upon which a residual block follows.
    The features of a volume do not depend on the others of its batch.

    Attributes
    ----------
    n_features
        Features of a volume, ``widths[-1]``.
    map_size
        Voxels along an edge of the last map, see :meth:`feature_map`.
    """

    def __init__(
        self, channels: int, size: int, widths: list[int], generator: torch.Generator
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([channels, *widths]):
            layers += [nn.Conv3d(n_in, n_out, 3, stride=2, padding=1), ResidualBlock(n_out)]
        self.layers = nn.Sequential(*layers)
        self.n_features, self.map_size = widths[-1], -(-size // 2 ** len(widths))
        initialise(self, generator)
        self.to(memory_format=torch.channels_last_3d)

    def feature_map(self, x: Tensor) -> Tensor:
        """The last map (b, n_features, map_size, map_size, map_size), activated."""
        return functional.silu(self.layers(x.contiguous(memory_format=torch.channels_last_3d)))

    def forward(self, x: Tensor) -> Tensor:
        """The mean of each feature over the last map."""
        return self.feature_map(x).flatten(2).mean(2)
