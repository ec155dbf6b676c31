"""The rotation and flip between images by trying them all, to compare the fast method with."""

from functools import lru_cache

import torch
from torch import Tensor

from morphoflow.cells.registration.register import Registration
from morphoflow.images.rotate import transform, wrap

# Pixels of rotated images that are held at a time.
BLOCK_PIXELS = 1 << 22


@torch.no_grad()
def register_brute(
    moving: Tensor, fixed: Tensor, step_degrees: float = 2, *, flips: bool = True
) -> Registration:
    """The best of the rotations by multiples of ``step_degrees``, with ``flips`` of both flips.

    Images are (n, c, size, size); as by :func:`~morphoflow.cells.registration.register.register`
    the best has the largest correlation over the disc that fits into the image, and of equal ones
    the first is taken: without a flip, and of the smallest angle.
    """
    inside = _places(moving.shape[-1], moving.device)
    target = _unit_rows(fixed, inside)
    n, c, size, _ = moving.shape
    # As channels of one image, all are turned by the same angles on the same grids.
    stack = moving.reshape(1, n * c, size, size)
    best = moving.new_full((n,), -2.0)
    angle, flip = torch.zeros_like(best), torch.zeros_like(best, dtype=torch.bool)
    trials = _trials(step_degrees, flips, moving.device)
    block = max(1, BLOCK_PIXELS // moving.numel())
    for angles, sides in zip(*(part.split(block) for part in trials), strict=True):
        k = len(angles)
        turned = transform(stack.expand(k, -1, -1, -1), angles, sides)
        score = (_unit_rows(turned.view(k * n, c, size, size), inside).view(k, n, -1) * target).sum(
            -1
        )
        height, place = score.max(0)
        better = height > best
        best = torch.where(better, height, best)
        angle = torch.where(better, angles[place], angle)
        flip = torch.where(better, sides[place], flip)
    return Registration(angle, flip, angle.new_zeros(n, 2), best)


def disc(size: int, device: torch.device | None = None) -> Tensor:
    """Whether a pixel's middle lies in the disc that fits between the outer pixels' middles."""
    place = torch.arange(size, dtype=torch.float64, device=device) - (size - 1) / 2
    return place[:, None].square() + place.square() <= ((size - 1) / 2) ** 2


# What follows is kept, since the host waits while it is copied to a GPU or its size is found.


@lru_cache(maxsize=16)
def _places(size: int, device: torch.device) -> Tensor:
    """Where the pixels of the disc lie in a flattened image, (k,) int64."""
    return disc(size).flatten().nonzero()[:, 0].to(device)


@lru_cache(maxsize=16)
def _trials(step_degrees: float, flips: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Angles and flips (k,) in the order of preference."""
    angle = wrap(torch.arange(0, 360, step_degrees))
    angle = angle[angle.abs().argsort(stable=True)]
    sides = torch.arange(2 if flips else 1).bool().repeat_interleave(len(angle))
    return angle.repeat(2 if flips else 1).to(device), sides.to(device)


def _unit_rows(x: Tensor, inside: Tensor) -> Tensor:
    """The values (n, c k) at the places ``inside``, each channel less its mean, of unit norm."""
    values = x.flatten(-2)[..., inside]
    values = (values - values.mean(-1, keepdim=True)).flatten(1)
    return values / torch.linalg.vector_norm(values, dim=1, keepdim=True).clamp(min=1e-12)
