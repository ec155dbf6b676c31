"""A dihedral encoder without aliasing: features that move little under a rotation by any angle.

Steerable convolutions with the regular representation of D_n (n rotations, with flips) commute
exactly with the symmetries of the pixel grid only. At all other angles they err by what the grid
aliases, so that here all that aliases is smoothed: the image by a disc window and a blur, kernels
by wide rings, maps before each halving. Pooling is by the mean, over the group and over
concentric bands.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from morphoflow.models.o2vae.convolution import SteerableConv2d
from morphoflow.models.o2vae.e2cnn_compat import e2nn, gspaces
from morphoflow.models.o2vae.encoder import blurred_half

# Rings so small that the square kernel cuts little of them off, so wide that pixels sample them.
KERNEL, RINGS, SIGMA, CUTOFF = 5, (0.0, 1.0), 0.7, 0.8 * math.pi
MARGIN = 4
BLUR_SIGMA, BLUR_RADIUS = 1.0, 3
WINDOW = 0.9, 1.0
BAND_WIDTH = 0.6


class DihedralEncoder(nn.Module):
    """Images (b, channels, size, size) -> features (b, n_features) that a rotation hardly moves.

    ``settings``: ``group_order`` (n of D_n), ``group_fields`` of each layer (maps are halved after
    all but the last), and ``bands``, the number of concentric bands of the image (1 for the whole)
    of which each field of the last layer gives the mean. Features of a turn by 90 degrees and of a
    flip are equal up to rounding.
    """

    def __init__(
        self, channels: int, size: int, settings: dict, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.order, self.fields = settings["group_order"], settings["group_fields"]
        self.n_features = self.fields[-1] * settings["bands"]
        self.register_buffer("window", disc_window(size), persistent=False)
        self.register_buffer("blur", gaussian_kernel(BLUR_SIGMA, BLUR_RADIUS), persistent=False)
        halvings = len(self.fields) - 1
        bands = concentric_bands(size, MARGIN, halvings, settings["bands"])
        self.register_buffer("bands", bands, persistent=False)
        space = gspaces.FlipRot2dOnR2(self.order)
        types = [[space.trivial_repr] * channels, *([space.regular_repr] * n for n in self.fields)]
        types = [e2nn.FieldType(space, fields) for fields in types]
        kernel = {"kernel_size": KERNEL, "padding": KERNEL // 2, "generator": generator}
        kernel |= {"sigma": SIGMA, "cutoff": CUTOFF, "rings": list(RINGS)}
        convolutions = [SteerableConv2d(*pair, **kernel) for pair in pairwise(types)]
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) for n in self.fields)

    def forward(self, x: Tensor) -> Tensor:
        x = self.smoothed(x)
        for k, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = convolution(x if k == 0 else blurred_half(x))
            b, c, h, w = x.shape
            x = F.elu(norm(x.view(b, -1, 2 * self.order * h, w))).view(b, c, h, w)
        x = x.flatten(2).unflatten(1, (-1, 2 * self.order)).mean(2)  # (b, fields, h w)
        return (x @ self.bands).flatten(1)

    def smoothed(self, x: Tensor) -> Tensor:
        """The image in its disc, with a margin of zeros, blurred."""
        b, c, h, w = x.shape
        x = F.pad((x * self.window).view(b * c, 1, h, w), [MARGIN] * 4)
        return F.conv2d(x, self.blur, padding=BLUR_RADIUS).unflatten(0, (b, c)).squeeze(2)


def radii(n: int, spacing: float = 1.0) -> Tensor:
    """The distances (n, n) of the points of a grid from its centre."""
    t = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * spacing
    return torch.hypot(t[:, None], t)


def disc_window(size: int) -> Tensor:
    """1 inside the disc and 0 in the corners of an image (size, size), with a smooth edge."""
    inner, outer = WINDOW
    across = ((outer - radii(size) / (size / 2)) / (outer - inner)).clamp(0, 1)
    return (0.5 - 0.5 * torch.cos(math.pi * across)).float()


def gaussian_kernel(sigma: float, radius: int) -> Tensor:
    """A blur as a kernel (1, 1, 2 radius + 1, 2 radius + 1) of sum 1."""
    kernel = torch.exp(-0.5 * (radii(2 * radius + 1) / sigma) ** 2)
    return (kernel / kernel.sum()).float()[None, None]


def concentric_bands(size: int, margin: int, halvings: int, n_bands: int) -> Tensor:
    """Weights (pixels of the last map, n_bands) of Gaussian bands around the centre, of sum 1 each.

    The bands are equally spaced from the centre to the edge of the image.
    """
    n = (size + 2 * margin) >> halvings
    if n_bands == 1:
        return torch.full((n * n, 1), 1 / (n * n))
    step = size / 2 / (n_bands - 1)
    centres = torch.arange(n_bands) * step
    away = radii(n, 2.0**halvings).flatten()[:, None] - centres
    weights = torch.exp(-0.5 * (away / (BAND_WIDTH * step)) ** 2)
    return (weights / weights.sum(0)).float()
