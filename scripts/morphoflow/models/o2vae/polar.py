"""An encoder of images that no rotation or flip about the centre changes, in polar coordinates.

A turn of an image is a shift of its polar image along the angles. Convolutions that are circular
along the angles commute with shifts, and a mean over the angles does not feel them: this is exact
for 90-degree turns, and near enough for all others as long as nothing between is finer than the
samples, so every map is low-pass filtered before samples of it are left out (Zhang, "Making
convolutional networks shift-invariant again", ICML 2019). An image and its mirror image go through
the same layers, and the mean of both is kept, which makes flips exact too.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.images.polar import PolarGrid
from morphoflow.models.shared.initialise import initialise

# Width in px of the Gaussian that weighs pixels about a polar sample; a narrower one lets the
# pixels' grid through, by which an image differs from itself turned.
SIGMA = 1.0
# Angles at the finest level for each pixel of the image's width.
ANGLES_PER_PIXEL = 3


class PolarEncoder(nn.Module):
    """Invariant features (b, n_features) of images (b, channels, size, size).

    Settings: ``widths``, the channels of each layer, after each of which the rings and the angles
    are halved; ``angle_kernel``, the angles that a filter spans. Features are the mean and the
    standard deviation over the angles, for each channel and each ring that is left.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        widths = settings["widths"]
        coarsest = 2 ** len(widths)
        n_rings = coarsest * max(1, size // 2 // coarsest)
        # A multiple of four at every level, so that quarter turns are exact.
        n_angles = 4 * coarsest * max(1, round(ANGLES_PER_PIXEL * size / (4 * coarsest)))
        self.polar = PolarGrid(size, n_rings, n_angles, sigma=SIGMA)
        self.layers = nn.ModuleList(
            PolarLayer(*pair, settings["angle_kernel"], n_rings >> k, n_angles >> k)
            for k, pair in enumerate(pairwise([channels, *widths]))
        )
        self.n_features = 2 * widths[-1] * (n_rings // coarsest)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Features of the images, the same for all their turned and mirrored versions."""
        polar = self.polar(x)
        # Angle k goes to -k, so that the first angle keeps its place in both.
        maps = torch.cat([polar, polar.flip(-1).roll(1, -1)])
        for layer in self.layers:
            maps = layer(maps)
        maps = maps.float()
        mean = maps.mean(-1)
        spread = (maps - mean[..., None]).square().mean(-1)
        features = torch.cat([mean, (spread + 1e-4).sqrt()], 1)
        return features.view(2, x.shape[0], -1).mean(0)


class PolarLayer(nn.Module):
    """A filter, a smooth nonlinearity and half as many rings and angles, low-pass filtered."""

    def __init__(self, n_in: int, n_out: int, angle_kernel: int, rings: int, angles: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(n_in, n_out, (3, angle_kernel), padding=(1, 0), bias=False)
        self.norm = nn.BatchNorm2d(n_out)
        # Matrix products are several times faster than convolutions of each channel for itself.
        self.register_buffer("halve_rings", halving(rings, around=False).t(), persistent=False)
        self.register_buffer("halve_angles", halving(angles, around=True), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b, n_out, rings / 2, angles / 2) of maps (b, n_in, rings, angles)."""
        n = self.filter.kernel_size[1] // 2
        # The last angle is beside the first.
        maps = self.filter(torch.cat([x[..., -n:], x, x[..., :n]], -1))
        return self.halve_rings @ (functional.silu(self.norm(maps)) @ self.halve_angles)


def halving(n: int, *, around: bool) -> Tensor:
    """What takes ``n`` samples to half as many: (n, n / 2), binomial weights that sum to 1.

    ``around`` a circle, new samples lie on old ones, so that the first keeps its place; otherwise
    they lie between two, and beyond the ends the last sample goes on.
    """
    weights, first = ([1, 4, 6, 4, 1], -2) if around else ([1, 3, 3, 1], -1)
    matrix = torch.zeros(n, n // 2)
    for new in range(n // 2):
        for k, weight in enumerate(weights):
            old = 2 * new + first + k
            old = old % n if around else min(max(old, 0), n - 1)
            matrix[old, new] += weight / sum(weights)
    return matrix
