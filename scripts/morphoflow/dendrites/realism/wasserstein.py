"""The sliced Wasserstein distance between patches of two sets of images, at each fineness.

After Karras et al., ICLR 2018: patches of 7 px are drawn from each level of the Laplacian pyramid,
and the distance is the mean over random directions of that between the sorted projections. Two
things differ. Patches are divided by the contrast of both sets together, not each set's by its
own, which would hide that a level of one is faint. And they are drawn at the same places of all
images, so that the order of images means nothing and equal sets have the distance 0.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

PATCH = 7

# Images, and projected values, that are held at a time.
BLOCK_IMAGES = 64

BLOCK_VALUES = 1 << 23

Images = Tensor | NDArray[np.uint8]

WEIGHTS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)

# The smallest size of a level.
LEAST = 16


@torch.no_grad()
def sliced_wasserstein(
    real: Images, fake: Images, *, seed: int, patches: int = 128, projections: int = 512
) -> dict[int, float]:
    """The distance between images (n, 1, s, s) and (m, 1, s, s) by size of the pyramid's level.

    Images are uint8, or floats from 0 to 1; they are compared where ``real`` lies. ``patches`` are
    taken from each image and level, or all where there are fewer. The distance is in standard
    deviations of the patches of a level, 0 where it is empty in both sets; the numbers of images
    need not be equal. It depends on the ``seed`` but not on the device.
    Raises ValueError for sets of unequal size of the images.
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"images {tuple(real.shape)} and {tuple(fake.shape)} are not comparable")
    generator = torch.Generator().manual_seed(seed)
    device = torch.as_tensor(real).device
    places = _places(real.shape[-1], patches, generator)
    directions = torch.randn(PATCH**2, projections, generator=generator)
    directions = (directions / directions.norm(dim=0)).to(device)
    sides = [_patches(images, places, device) for images in (real, fake)]
    return {size: _distance(a, b, directions) for size, a, b in zip(places, *sides, strict=True)}


def _places(size: int, patches: int, generator: torch.Generator) -> dict[int, Tensor]:
    """By size of the level, the corners (k,) of patches in an image laid out flat."""
    sizes = [level.shape[-1] for level in laplacian_pyramid(torch.zeros(1, 1, size, size))]
    places = {}
    for level in sizes:
        corners = level - PATCH + 1
        drawn = torch.randperm(corners**2, generator=generator)[:patches]
        places[level] = drawn // corners * level + drawn % corners
    return places


def _patches(images: Images, places: dict[int, Tensor], device: torch.device) -> list[Tensor]:
    """Patches (n k, PATCH ** 2) of each level."""
    cell = torch.arange(PATCH)
    blocks = []
    for start in range(0, len(images), BLOCK_IMAGES):
        block = torch.as_tensor(images[start : start + BLOCK_IMAGES]).to(device)
        values = block.float() / (1 if block.is_floating_point() else 255)
        levels = laplacian_pyramid(values)
        taken = []
        for (size, corner), level in zip(places.items(), levels, strict=True):
            pixel = corner[:, None, None] + size * cell[:, None] + cell
            taken.append(level.flatten(1)[:, pixel.flatten().to(device)].view(-1, PATCH**2))
        blocks.append(taken)
    return [torch.cat(parts) for parts in zip(*blocks, strict=True)]


def _distance(a: Tensor, b: Tensor, directions: Tensor) -> float:
    scale = _contrast(a, b)
    if scale == 0:
        return 0.0
    step = max(1, BLOCK_VALUES // (len(a) + len(b)))
    total = sum(_sorted_distances(a, b, part).sum() for part in directions.split(step, dim=1))
    return float(total) / (directions.shape[1] * scale)


def _contrast(a: Tensor, b: Tensor) -> float:
    """The standard deviation of two sets of patches together, both of equal weight."""
    mean = (a.double().mean() + b.double().mean()) / 2
    return float((((a - mean).square().mean() + (b - mean).square().mean()) / 2).sqrt())


def _sorted_distances(a: Tensor, b: Tensor, directions: Tensor) -> Tensor:
    """Wasserstein distances (k,) between projections on directions (d, k).

    It is the integral of the difference of the quantiles. Those of n values are constant on each
    nth part of 0 to 1, so that the integral is a sum over the parts that both have in common.
    """
    n, m = len(a), len(b)
    low, high = ((directions.T @ x.T).sort(dim=1).values for x in (a, b))
    if n == m:
        return (low - high).abs().double().mean(1)
    edges = torch.cat([torch.arange(n + 1) * m, torch.arange(m + 1) * n]).unique()
    start, width = edges[:-1].to(a.device), edges.diff().double().to(a.device) / (n * m)
    return (low[:, start // m] - high[:, start // n]).abs().double() @ width


# The Laplacian pyramid: images as a sum of layers, each of one octave of fineness.
#
# Burt and Adelson, IEEE Trans. Communications 31:532, 1983, with their filter of five weights.


def laplacian_pyramid(x: Tensor) -> list[Tensor]:
    """The levels (n, 1, s, s), (n, 1, s / 2, s / 2) ... of images (n, 1, s, s), the finest first.

    Each is an image less what its half-sized one shows of it; the last is the smallest image
    itself, of 16 px or of the last size that halves. A level and the expanded sum of those
    below it is the image of its size.
    """
    levels = []
    while x.shape[-1] % 2 == 0 and x.shape[-1] // 2 >= LEAST:
        smaller = halved(x)
        levels.append(x - doubled(smaller))
        x = smaller
    return [*levels, x]


def halved(x: Tensor) -> Tensor:
    """Images (n, 1, s, s) blurred and at every second pixel."""
    return _blurred(x)[..., ::2, ::2]


def doubled(x: Tensor) -> Tensor:
    """Images (n, 1, s, s) on twice as many pixels along each axis, smoothly filled in."""
    n, c, height, width = x.shape
    wide = x.new_zeros(n, c, 2 * height, 2 * width)
    wide[..., ::2, ::2] = 4 * x
    return _blurred(wide)


def _blurred(x: Tensor) -> Tensor:
    """Filtered along both axes, by sums that no device rounds as it may convolutions."""
    for axes in ((2, 2, 0, 0), (0, 0, 2, 2)):
        padded = functional.pad(x, axes, mode="reflect")
        axis = -1 if axes[0] else -2
        length = x.shape[axis]
        x = sum(w * padded.narrow(axis, shift, length) for shift, w in enumerate(WEIGHTS))
    return x
