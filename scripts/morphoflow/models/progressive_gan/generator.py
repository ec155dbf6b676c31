"""The generator of the progressive GAN: latents to images that grow stage by stage."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from morphoflow.models.progressive_gan import published
from morphoflow.models.progressive_gan.blocks import (
    SEED_SIZE,
    Convolution,
    DoublingConvolution,
    Linear,
    activated_and_normalised,
    faded,
    normalised,
    repeated,
)


class Generator(nn.Module):
    """Images from latents (Karras et al., ICLR 2018), at one of several stages of growth.

    Stage s gives images of ``start_size`` 2^s pixels; there are as many stages as ``widths``, which
    are the channels from coarse to fine. All weights exist from the start, and are 0 until
    :func:`morphoflow.models.progressive_gan.blocks.initialise` draws them. The latent counts by its
    direction alone. A stage that is faded in starts as the image before it with each pixel
    repeated, of which the critic's means over 2 x 2 pixels see nothing, so that nothing jumps when
    a stage begins.

    With ``faithful`` this is the architecture of neuron-gan, see
    :mod:`morphoflow.models.progressive_gan.published`.
    """

    def __init__(
        self, latent_size: int, widths: list[int], *, start_size: int = 16, faithful: bool = False
    ) -> None:
        super().__init__()
        start, grow, image, self.enlarge = (
            (published.Start, published.Grow, published.ToImage, published.bilinear)
            if faithful
            else (Start, Grow, ToImage, repeated)
        )
        self.blocks = nn.ModuleList([start(latent_size, widths[0], start_size)])
        self.blocks.extend(grow(n_in, n_out) for n_in, n_out in pairwise(widths))
        self.to_image = nn.ModuleList(image(width) for width in widths)
        self.to(memory_format=torch.channels_last)

    def forward(self, z: Tensor, stage: int, alpha: Tensor | None = None) -> Tensor:
        """Images (b, 1, size, size) from -1 to 1 of latents ``z`` (b, latent_size).

        ``alpha`` (a 0-d tensor) is the share of the finest stage, all of it where None.
        """
        maps = self.blocks[0](z)
        for block in self.blocks[1:stage]:
            maps = block(maps)
        if stage == 0:
            return self.to_image[0](maps)
        image = self.to_image[stage](self.blocks[stage](maps))
        if alpha is None:
            return image
        return faded(self.enlarge(self.to_image[stage - 1](maps)), image, alpha)


class Start(nn.Module):
    """Maps (b, width, size, size) from latents: dense to 4 x 4 pixels, then doubled."""

    def __init__(self, latent_size: int, width: int, size: int) -> None:
        super().__init__()
        self.dense = Linear(width * SEED_SIZE**2, latent_size)
        self.convolution = Convolution(width, width, 3, 3)
        doublings = int(math.log2(size // SEED_SIZE))
        self.grow = nn.Sequential(*(Grow(width, width) for _ in range(doublings)))

    def forward(self, z: Tensor) -> Tensor:
        """The maps of latents (b, latent_size)."""
        maps = self.dense(normalised(z)).unflatten(1, (-1, SEED_SIZE, SEED_SIZE))
        maps = self.convolution(activated_and_normalised(maps))
        return self.grow(activated_and_normalised(maps))


class Grow(nn.Module):
    """Maps of twice the size, by two convolutions, each activated and normalised."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.doubling = DoublingConvolution(n_out, n_in, 3, 3)
        self.convolution = Convolution(n_out, n_out, 3, 3)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (b, n_out, 2 h, 2 w) of maps (b, n_in, h, w)."""
        maps = activated_and_normalised(self.doubling(maps))
        return activated_and_normalised(self.convolution(maps))


class ToImage(Convolution):
    """One grey value a pixel, kept within -1 and 1 as the pixels of a real image are."""

    def __init__(self, width: int) -> None:
        super().__init__(1, width, 1, 1, gain=1.0)

    def forward(self, maps: Tensor) -> Tensor:
        """Images (b, 1, h, w) of maps (b, width, h, w)."""
        return super().forward(maps).float().tanh()
