"""The architecture of neuron-gan (github.com/oliviertrottier/neuron-gan), as it was published.

Weights are drawn as in He et al. (ICCV 2015) and scaled by the same factor once more at run time,
the critic normalises its maps too, and halves an image before anything but a 1 x 1 convolution has
seen it: its scores depend on the means over 2 x 2 pixels alone. Only what is computed is as
published: the way of the critic from an image to its first maps is taken in fewer steps.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.progressive_gan.blocks import (
    Convolution,
    Scaled,
    activated_and_normalised,
    halved,
)

LARGEST_LATENT = 5.0


class DoublyScaled(Convolution):
    """A convolution without bias whose scale counts twice."""

    def __init__(self, *shape: int, bias: bool = False) -> None:
        super().__init__(*shape, bias=bias)
        self.spread = self.scale


class Plain(Convolution):
    """A 1 x 1 convolution that is not scaled at run time."""

    def __init__(self, *shape: int, bias: bool) -> None:
        super().__init__(*shape, bias=bias)
        self.scale, self.spread = 1.0, self.scale


class Start(nn.Module):
    """Maps (b, width, size, size) from latents on the unit sphere: dense, and one convolution."""

    def __init__(self, latent_size: int, width: int, size: int) -> None:
        super().__init__()
        self.dense = Scaled(width * size**2, latent_size, bias=False)
        self.dense.spread = self.dense.scale
        self.convolution = DoublyScaled(width, width, 3, 3)
        self.size = size

    def forward(self, z: Tensor) -> Tensor:
        """The maps of latents (b, latent_size)."""
        z = functional.normalize(z.clamp(-LARGEST_LATENT, LARGEST_LATENT))
        maps = functional.linear(z * self.dense.scale, self.dense.weight)
        maps = activated_and_normalised(maps.unflatten(1, (-1, self.size, self.size)))
        return activated_and_normalised(self.convolution(maps))


class Pair(nn.Module):
    """Two convolutions, each activated and normalised."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first = DoublyScaled(n_out, n_in, 3, 3)
        self.second = DoublyScaled(n_out, n_out, 3, 3)

    def follow(self, maps: Tensor) -> Tensor:
        """Maps (b, n_out, h, w) of what the first convolution gave."""
        maps = self.second(activated_and_normalised(maps))
        return activated_and_normalised(maps)


class Grow(Pair):
    """Maps enlarged by 2 and convolved twice."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (b, n_out, 2 h, 2 w) of maps (b, n_in, h, w)."""
        return self.follow(self.first(bilinear(maps)))


class ToImage(Plain):
    """Grey values from -1 to 1, without a bias."""

    def __init__(self, width: int) -> None:
        super().__init__(1, width, 1, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Images (b, 1, h, w) of maps (b, width, h, w)."""
        return super().forward(maps).float().tanh()


class FromImage(Plain):
    """Maps of an image, ``width`` lines of its grey values, not activated."""

    def __init__(self, width: int) -> None:
        super().__init__(width, 1, 1, 1, bias=True)


class Shrink(Pair):
    """Maps made half as large and convolved twice."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (b, n_out, h / 2, w / 2) of maps (b, n_in, h, w)."""
        return self.follow(self.first(halved(maps)))

    def enter(self, x: Tensor, from_image: FromImage) -> Tensor:
        """The maps of images (b, 1, h, w)."""
        return self.follow(convolved_image(halved(x), from_image, self.first))


class Last(nn.Module):
    """One convolution of maps of the start size, activated and normalised."""

    def __init__(self, width: int, _: int) -> None:
        super().__init__()
        self.convolution = DoublyScaled(width, width, 3, 3, bias=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same shape."""
        return activated_and_normalised(self.convolution(maps))

    def enter(self, x: Tensor, from_image: FromImage) -> Tensor:
        """The maps of images (b, 1, h, w)."""
        return activated_and_normalised(convolved_image(x, from_image, self.convolution))


class Score(DoublyScaled):
    """Scores by one convolution as large as the maps."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__(1, width, size, size, bias=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Scores (b,) of maps (b, width, size, size)."""
        scores = functional.linear(maps.flatten(1), self.scaled.flatten(1), self.bias)
        return scores.float().flatten()


def convolved_image(x: Tensor, from_image: FromImage, convolution: Convolution) -> Tensor:
    """The convolution of ``from_image``'s maps of images (b, 1, h, w), which are never written.

    Two linear steps are one, with kernels of two channels: the image, and ones for the bias, which
    unlike a constant end where the image does.
    """
    lines = torch.cat([from_image.weight[:, 0], from_image.bias[:, None, None]], 1).flatten(1)
    kernel = (convolution.scaled[:, :, None] * lines[:, :, None, None]).sum(1)
    both = torch.cat([x, torch.ones_like(x)], 1)
    return functional.conv2d(both, kernel, convolution.bias, padding=1)


def bilinear(maps: Tensor) -> Tensor:
    """Maps (b, c, h, w) enlarged by 2 between the centres of pixels, the edge continued."""
    return functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
