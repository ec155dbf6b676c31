"""The critic of the progressive GAN: how real images look, at the generator's stages of growth."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from morphoflow.models.progressive_gan import published
from morphoflow.models.progressive_gan.blocks import (
    SEED_SIZE,
    Convolution,
    HalvingConvolution,
    Linear,
    Scaled,
    activated,
    deviation_map,
    faded,
    halved,
)


class Critic(nn.Module):
    """Scores of images (Karras et al., ICLR 2018), the mirror of a generator of equal ``widths``.

    Images are convolved at their full size and activated before they are made smaller, so that the
    finest details count. A score also depends on how much the images of the batch differ. All
    weights exist from the start, and are 0 until
    :func:`morphoflow.models.progressive_gan.blocks.initialise` draws them.

    With ``faithful`` this is the architecture of neuron-gan, see
    :mod:`morphoflow.models.progressive_gan.published`.
    """

    def __init__(self, widths: list[int], *, start_size: int = 16, faithful: bool = False) -> None:
        super().__init__()
        from_image, shrink, last, score = (
            (published.FromImage, published.Shrink, published.Last, published.Score)
            if faithful
            else (FromImage, Shrink, Last, Score)
        )
        self.from_image = nn.ModuleList(from_image(width) for width in widths)
        self.blocks = nn.ModuleList([last(widths[0], start_size)])
        self.blocks.extend(shrink(n_in, n_out) for n_out, n_in in pairwise(widths))
        self.score = score(widths[0], start_size)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor, stage: int, alpha: Tensor | None = None) -> Tensor:
        """Scores (b,) of images ``x`` (b, 1, size, size) from -1 to 1; larger is more real.

        ``alpha`` (a 0-d tensor) is the share of the finest stage, all of it where None.
        """
        return self.score(self._maps(x, stage, alpha))

    def features(self, x: Tensor, stage: int, alpha: Tensor | None = None) -> Tensor:
        """Features (b, widths[0]) of images: the means over space of the last maps.

        Those of an image do not depend on the others of its batch.
        """
        return self._maps(x, stage, alpha).float().mean((2, 3))

    def _maps(self, x: Tensor, stage: int, alpha: Tensor | None) -> Tensor:
        maps = self.blocks[stage].enter(x, self.from_image[stage])
        if stage and alpha is not None:
            maps = faded(self.from_image[stage - 1](halved(x)), maps, alpha)
        for i in reversed(range(stage)):
            maps = self.blocks[i](maps)
        return maps


class FromImage(Scaled):
    """Maps of an image, ``width`` lines of its grey values, activated."""

    def __init__(self, width: int) -> None:
        super().__init__(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b, width, h, w) of images (b, 1, h, w)."""
        maps = torch.addcmul(self.bias, x.permute(0, 2, 3, 1), self.scaled[:, 0])
        return activated(maps.permute(0, 3, 1, 2))


class Shrink(nn.Module):
    """Maps of half the size, by two convolutions, each activated."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.convolution = Convolution(n_in, n_in, 3, 3)
        self.halving = HalvingConvolution(n_out, n_in, 3, 3)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (b, n_out, h / 2, w / 2) of maps (b, n_in, h, w)."""
        return activated(self.halving(activated(self.convolution(maps))))

    def enter(self, x: Tensor, from_image: nn.Module) -> Tensor:
        """The maps of images (b, 1, h, w)."""
        return self(from_image(x))


class Last(nn.Sequential):
    """Maps (b, width, 4, 4) of maps of the start size."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__(*(Shrink(width, width) for _ in range(int(math.log2(size // SEED_SIZE)))))

    def enter(self, x: Tensor, from_image: nn.Module) -> Tensor:
        """The maps of images (b, 1, h, w)."""
        return self(from_image(x))


class Score(nn.Module):
    """Scores of the last maps, and of how much those of a batch differ."""

    def __init__(self, width: int, _: int) -> None:
        super().__init__()
        self.convolution = Convolution(width, width + 1, 3, 3)
        self.hidden = Linear(width, width * SEED_SIZE**2)
        self.last = Linear(1, width, gain=1.0)

    def forward(self, maps: Tensor) -> Tensor:
        """Scores (b,) of maps (b, width, 4, 4)."""
        maps = activated(self.convolution(torch.cat([maps, deviation_map(maps)], 1)))
        return self.last(activated(self.hidden(maps.flatten(1)))).float().flatten()
