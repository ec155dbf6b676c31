"""The rotation and flip between images by one correlation over angles in the Fourier domain.

On the disc about the centre the squared difference of ``g(moving)`` and ``fixed`` is, over all
rotations ``g``, least where their correlation is largest, and that is a circular correlation along
the angles of their polar images, rings weighted by their radius for the area they stand for.
A flip conjugates the spectrum along the angles, so both flips come from one transform. A constant
background adds to the frequency 0 alone, which no rotation changes.
"""

from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from morphoflow.images.polar import PolarGrid
from morphoflow.images.rotate import wrap

# Angles of the correlation for each angle of the polar images; the peak lies between two.
UPSAMPLING = 4
# Fits that differ by less, as those of a symmetric shape do, count as equal.
TIE = 1e-5
# Contrast (standard deviation over mean) under which an image is taken for constant.
CONSTANT = 1e-6


def spectrum(x: Tensor) -> Tensor:
    """Spectra along the angles (n, c rings, k) complex64 of images (n, c, size, size).

    They have unit norm, or are 0 where the image is constant on its largest disc. Those of a data
    set that many images are registered to can be computed once and be kept.
    """
    grid = polar_grid(x.shape[-1], x.device)
    polar = grid(x.float())
    # The part of the disc's area that a sample of each ring stands for.
    area = grid.radii / (grid.radii.sum() * grid.n_angles)
    # No matrix product, which mixed precision would round.
    mean = (polar.sum(-1) * area).sum(-1)
    values = (polar - mean[..., None, None]).mul_(area.sqrt()[:, None]).flatten(1, 2)
    contrast = torch.linalg.vector_norm(values, dim=(1, 2))
    level = torch.linalg.vector_norm(mean, dim=1)
    scale = torch.where(contrast > CONSTANT * level, contrast.reciprocal(), 0.0)
    return torch.fft.rfft(values.mul_(scale[:, None, None]), norm="ortho")


def register_spectra(
    moving: Tensor, fixed: Tensor, *, flips: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """The angles (n,) in degrees, flips (n,) and scores (n,) that fit ``moving`` to ``fixed``.

    Both are spectra (n, rings, k) of :func:`spectrum`. The score is the correlation coefficient
    over the disc, -1 to 1. Of equal fits the one without a flip and with the smallest angle is
    taken; an image without contrast gets angle 0, no flip and score 0.
    """
    angle, score = peaks(angular_correlation(moving, fixed, flips=flips))
    flip = score[:, -1] > score[:, 0] + TIE
    return _chosen(angle, flip), flip, _chosen(score, flip)


def peaks(correlation: Tensor) -> tuple[Tensor, Tensor]:
    """Angles in degrees and heights (n, sides) of the peaks of correlations (n, sides, angles)."""
    steps = correlation.shape[-1]
    step = torch.arange(steps, device=correlation.device)
    size = torch.minimum(step, steps - step) * (2 / steps)
    best = (correlation - TIE * size).argmax(-1, keepdim=True)
    near = (best + torch.arange(-1, 2, device=best.device)) % steps
    offset, height = parabola_peak(correlation.gather(-1, near))
    return wrap((best[..., 0] + offset) * (360 / steps)), height


def angular_correlation(moving: Tensor, fixed: Tensor, *, flips: bool = True) -> Tensor:
    """Correlation coefficients (n, 2 with flips or 1, angles) for equal steps of the rotation."""
    n_angles = 2 * (moving.shape[-1] - 1)
    cross = (fixed * moving.conj()).sum(1, keepdim=True)
    if flips:
        sign = 1 - 2 * (torch.arange(moving.shape[-1], device=moving.device) % 2)
        cross = torch.cat([cross, (fixed * moving).sum(1, keepdim=True) * sign], dim=1)
    # With more angles, the highest frequency stands for itself and for its negative.
    cross[..., -1] *= 0.5
    return torch.fft.irfft(cross, n=UPSAMPLING * n_angles, norm="forward")


def parabola_peak(values: Tensor) -> tuple[Tensor, Tensor]:
    """Place (...), in steps from the middle one, and height of peaks of three values (..., 3)."""
    left, middle, right = values.unbind(-1)
    bend = left - 2 * middle + right
    slope = (right - left) / 2
    offset = torch.where(bend < 0, -slope / bend, 0.0).clamp(-1, 1)
    return offset, middle + offset * slope / 2


@lru_cache(maxsize=16)
def polar_grid(size: int, device: torch.device) -> PolarGrid:
    """The polar grid that fits images of a size: rings of 1 px, steps along the rim under 1 px."""
    n_angles = _fast_length(torch.pi * (size - 1))
    return PolarGrid(size, max(1, size // 2), n_angles).to(device)


def _fast_length(least: float) -> int:
    """The smallest multiple of 4 from ``least`` on without a prime factor above 5."""
    powers = product(range(2, 13), range(8), range(6))
    return min(n for a, b, c in powers if (n := 2**a * 3**b * 5**c) >= max(least, 8))


def _chosen(values: Tensor, flip: Tensor) -> Tensor:
    """Of values (n, 1 or 2) the first, or the last where ``flip`` (n,)."""
    return torch.where(flip, values[:, -1], values[:, 0])
