"""Images in polar coordinates about their centre, on a plan that is made once for a size."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class PolarGrid(nn.Module):
    """Sampling of square images at ``n_radii`` radii and ``n_angles`` angles about their centre.

    The centre is ((size - 1) / 2, (size - 1) / 2), in pixels from the middle of the first one.
    Radius ``j`` is the middle of ring ``j`` of a disc of ``radius`` px cut into rings of equal
    width; the default radius is that of the largest disc between the pixels' middles, on which an
    image is known whatever its rotation. Angle ``k`` is ``360 k / n_angles`` degrees, from the
    right, counter-clockwise as displayed. ``n_angles`` is a multiple of 4, so that 90-degree turns
    and flips of an image permute its polar samples: a rotation by ``t`` degrees shifts them by
    ``t n_angles / 360`` along the angles, a left-right flip takes angle ``k`` to
    ``n_angles / 2 - k``.

    ``sigma`` (px) is the width of the Gaussian that weighs the pixels about a sample; 0 stands for
    bicubic interpolation (Keys, IEEE Trans. ASSP 29:1153, 1981). At ``sigma`` 0.7 the polar image
    of a cell turned by any angle is nearest to the shifted polar image of the cell: four times
    nearer than without for sharp outlines, eight for smooth ones.
    """

    index: Tensor
    weight: Tensor
    radii: Tensor

    def __init__(
        self,
        size: int,
        n_radii: int,
        n_angles: int,
        radius: float | None = None,
        sigma: float = 0,
    ) -> None:
        super().__init__()
        if n_angles % 4:
            raise ValueError(f"n_angles is {n_angles}, which is not a multiple of 4")
        self.size, self.n_radii, self.n_angles = size, n_radii, n_angles
        self.radius = (size - 1) / 2 if radius is None else radius
        radii = (torch.arange(n_radii, dtype=torch.float64) + 0.5) * (self.radius / n_radii)
        index, weight = _plan(size, radii, n_angles, sigma)
        self.register_buffer("radii", radii.float(), persistent=False)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("weight", weight, persistent=False)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Polar images (n, c, n_radii, n_angles) of images (n, c, size, size); no gradient.

        Places outside of the image have the value of the nearest border pixel.
        """
        n, c = x.shape[:2]
        # Every image is sampled at the same places, so that a pixel is looked up for all at once.
        pixels = x.reshape(n * c, self.size * self.size).t().contiguous()
        polar = functional.embedding_bag(
            self.index, pixels, mode="sum", per_sample_weights=self.weight.to(x.dtype)
        )
        return polar.t().contiguous().view(n, c, self.n_radii, self.n_angles)


def unit_circle(n_angles: int) -> Tensor:
    """Cosines and sines (n_angles, 2) float64 of equally spaced angles; quarters are exact."""
    quarter = torch.arange(n_angles // 4, dtype=torch.float64) * (2 * math.pi / n_angles)
    cosine, sine = quarter.cos(), quarter.sin()
    return torch.stack(
        [torch.cat([cosine, -sine, -cosine, sine]), torch.cat([sine, cosine, -sine, -cosine])], -1
    )


def _plan(size: int, radii: Tensor, n_angles: int, sigma: float) -> tuple[Tensor, Tensor]:
    """The pixels (samples, taps) int32 about each sample, ring by ring, and their weights."""
    direction = unit_circle(n_angles) * torch.tensor([1.0, -1.0], dtype=torch.float64)
    place = (radii[:, None, None] * direction + (size - 1) / 2).reshape(-1, 2)
    reach = math.ceil(4 * sigma) if sigma > 0 else 2
    pixel = place.floor()[..., None] + torch.arange(1 - reach, 1 + reach)
    distance = (place[..., None] - pixel).abs()
    tap = _gaussian(distance, sigma, reach) if sigma > 0 else _cubic(distance)
    tap = tap / tap.sum(-1, keepdim=True)
    pixel = pixel.clamp(0, size - 1).int()
    index = pixel[:, 1, :, None] * size + pixel[:, 0, None, :]
    weight = tap[:, 1, :, None] * tap[:, 0, None, :]
    return index.flatten(1), weight.flatten(1).float()


def _gaussian(distance: Tensor, sigma: float, reach: int) -> Tensor:
    """A Gaussian, lowered to 0 at ``reach`` so that no pixel there weighs on one side only."""
    edge = math.exp(-0.5 * (reach / sigma) ** 2)
    return (torch.exp(-0.5 * (distance / sigma) ** 2) - edge).clamp(min=0)


def _cubic(distance: Tensor) -> Tensor:
    """Keys's cubic convolution kernel with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    return torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))
