"""Registration of images: the motion that fits one to another, many pairs at once."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from morphoflow.cells.registration.angle import (
    CONSTANT,
    TIE,
    angular_correlation,
    parabola_peak,
    peaks,
    polar_grid,
    register_spectra,
    spectrum,
)
from morphoflow.images.rotate import Motion, transform, wrap

# Polar samples of a block of images; more leave the caches of a processor.
BLOCK_SAMPLES = 1 << 21

# Frequencies in use, as a share of the highest; above are mostly edges of pixels and noise.
HIGHEST = 0.5

REFINEMENTS = 2

# Steps a pixel of the fine correlation, one pixel to each side of the coarse peak.
STEPS = 8


@dataclass(frozen=True)
class Registration(Motion):
    """The motions that fit images to others, and the scores (n,): correlations of -1 to 1."""

    score: Tensor


@torch.no_grad()
def register(
    moving: Tensor, fixed: Tensor, *, flips: bool = True, shifts: bool = False
) -> Registration:
    """The motions ``g`` for which ``g(moving)`` is most like ``fixed``; no gradient.

    Images are (n, c, size, size), or (1, c, size, size) for a ``fixed`` that all are fitted to.
    Without ``shifts`` the squared difference over the disc that fits into the image is least, over
    all rotations about its centre and, with ``flips``, left-right flips. With ``shifts`` see
    :func:`~morphoflow.cells.registration.register.register_shifted`. Images without
    contrast get the motion that does nothing, and score 0.
    """
    grid = polar_grid(moving.shape[-1], moving.device)
    block = max(1, BLOCK_SAMPLES // (moving.shape[1] * grid.n_radii * grid.n_angles))
    parts = moving.split(block)
    targets = fixed.split(block) if len(fixed) > 1 else [fixed] * len(parts)
    fit = register_shifted if shifts else _register_centred
    motions = [fit(*pair, flips=flips) for pair in zip(parts, targets, strict=True)]
    return Registration(*(torch.cat(values) for values in zip(*motions, strict=True)))


def _register_centred(moving: Tensor, fixed: Tensor, *, flips: bool) -> tuple[Tensor, ...]:
    angle, flip, score = register_spectra(spectrum(moving), spectrum(fixed), flips=flips)
    return angle, flip, angle.new_zeros(len(angle), 2), score


# The rotation, flip and shift between images that are not centred alike.
#
# The magnitude of the Fourier transform of an image does not change with a shift and turns with the
# image, so that it gives the angle up to 180 degrees; the shift follows from the turned image
# (Reddy and Chatterji, IEEE Trans. Image Processing 5:1266, 1996). The angle is then refined on the
# images themselves, about the centre that the shift gives.


def register_shifted(
    moving: Tensor, fixed: Tensor, *, flips: bool = True
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Angles (n,) in degrees, flips (n,), shifts (n, 2) px and scores (n,) that fit the images.

    Images are (n, c, size, size), ``fixed`` may be one for all. The score is the correlation
    coefficient of :func:`~morphoflow.cells.registration.register.estimate_shift`, after rotation
    and flip.
    """
    fixed = fixed.expand_as(moving)
    best = _best_candidate(moving, fixed, *_candidates(moving, fixed, flips))
    of_moving = spectrum(moving)
    for _ in range(REFINEMENTS):
        still = torch.zeros_like(best[0])
        centred = transform(fixed, still, still.bool(), -best[2])
        angle, flip, _ = register_spectra(of_moving, spectrum(centred), flips=flips)
        angles = torch.stack([best[0], angle], dim=1)
        best = _best_candidate(moving, fixed, angles, torch.stack([best[1], flip], dim=1))
    return best


def magnitude(x: Tensor) -> Tensor:
    """Magnitudes (n, c, m, m) of the Fourier transform about the frequency 0 in the middle."""
    size = x.shape[-1]
    # With an odd number of frequencies the middle one is 0; padded, they lie closer.
    padded = _odd_fast_length(1.5 * size)
    whole = torch.fft.fft2(unit_foreground(x.float()), s=(padded, padded)).abs()
    keep = round(HIGHEST * (padded // 2))
    middle = torch.fft.fftshift(whole, dim=(-2, -1))
    cut = padded // 2 - keep
    return middle[..., cut : padded - cut, cut : padded - cut]


def _candidates(moving: Tensor, fixed: Tensor, flips: bool) -> tuple[Tensor, Tensor]:
    """Angles and flips (n, 2 or 4) that the magnitudes leave open."""
    spectra = [spectrum(magnitude(x).sqrt()) for x in (moving, fixed)]
    angle, _ = peaks(angular_correlation(*spectra, flips=flips))
    flip = torch.arange(angle.shape[1], device=angle.device).bool().expand_as(angle)
    return torch.cat([angle, wrap(angle + 180)], dim=1), torch.cat([flip, flip], dim=1)


def _best_candidate(
    moving: Tensor, fixed: Tensor, angle: Tensor, flip: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The best of candidates (n, k) with its shift and score."""
    n, k = angle.shape
    turned = transform(moving.repeat_interleave(k, 0), angle.flatten(), flip.flatten())
    shift, score = estimate_shift(turned, fixed.repeat_interleave(k, 0))
    score = score.view(n, k)
    best = score.argmax(1)
    each = torch.arange(n, device=best.device)
    return angle[each, best], flip[each, best], shift.view(n, k, 2)[each, best], score[each, best]


def _odd_fast_length(least: float) -> int:
    """The smallest odd number from ``least`` on without a prime factor above 5."""
    return min(n for a in range(9) for b in range(7) if (n := 3**a * 5**b) >= least)


# The sub-pixel shift between images by an upsampled Fourier transform about the coarse peak.


def estimate_shift(moving: Tensor, fixed: Tensor) -> tuple[Tensor, Tensor]:
    """Shifts (n, 2) px along y and x that fit ``moving`` to ``fixed``, and their scores (n,).

    Images are (n, c, h, w). The background, which is the mean of each channel's border, is taken
    off, so that the frame itself is no feature; what leaves it on one side enters on the other.
    The score is the correlation coefficient after the shift, -1 to 1. The peak of the correlation
    is found to the pixel, and then on a finer mesh about it by matrix products in place of a large
    transform (Guizar-Sicairos, Thurman and Fienup, Optics Letters 33:156, 2008). Of equal fits the
    smallest shift is taken; an image without contrast gets shift 0 and score 0.
    """
    spectra = [torch.fft.rfft2(unit_foreground(x.float())) for x in (fixed, moving)]
    cross = (spectra[0] * spectra[1].conj()).sum(1)
    size = fixed.shape[-2:]
    coarse = _coarse_peak(torch.fft.irfft2(cross, s=size))
    return _fine_peak(_fine_correlation(cross, coarse, size), coarse)


def unit_foreground(x: Tensor) -> Tensor:
    """Images (n, c, h, w) less their background, of unit norm, or 0 where they are constant."""
    border = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 1:-1, 0], x[..., 1:-1, -1]], dim=-1)
    rest = x - border.mean(-1)[..., None, None]
    norm = torch.linalg.vector_norm(rest, dim=(1, 2, 3))
    level = torch.linalg.vector_norm(x, dim=(1, 2, 3))
    scale = torch.where(norm > CONSTANT * level, norm.reciprocal(), 0.0)
    return rest * scale[:, None, None, None]


def _coarse_peak(correlation: Tensor) -> Tensor:
    """The shifts (n, 2) float32 in whole px with the largest correlation (n, h, w)."""
    h, w = correlation.shape[1:]
    steps = [torch.fft.fftfreq(k, 1 / k, device=correlation.device) for k in (h, w)]
    distance = (steps[0].abs()[:, None] + steps[1].abs()) / (h + w)
    best = (correlation - TIE * distance).flatten(1).argmax(1)
    return torch.stack([steps[0][best // w], steps[1][best % w]], dim=1)


def _fine_correlation(cross: Tensor, coarse: Tensor, size: torch.Size) -> Tensor:
    """Correlations (n, m, m) at steps of 1 / STEPS px about the coarse peaks (n, 2)."""
    h, w = size
    mesh = torch.arange(-STEPS, STEPS + 1, device=cross.device) / STEPS
    place = coarse[:, :, None] + mesh
    frequency_y = torch.fft.fftfreq(h, device=cross.device)
    frequency_x = torch.fft.rfftfreq(w, device=cross.device)
    wave_y, wave_x = (
        torch.exp(2j * math.pi * place[:, axis, :, None] * frequency)
        for axis, frequency in enumerate((frequency_y, frequency_x))
    )
    # A frequency of the half spectrum stands for its negative too, 0 and the highest do not.
    twice = torch.full((len(frequency_x),), 2.0, device=cross.device)
    twice[0] = 1
    twice[w // 2 :] = 2 - (w + 1) % 2
    return (wave_y @ (cross * twice) @ wave_x.transpose(1, 2)).real / (h * w)


def _fine_peak(fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
    """Shifts (n, 2) and scores (n,) at the peaks of the fine correlations (n, m, m)."""
    n, m, _ = fine.shape
    distance = (torch.arange(m, device=fine.device) - m // 2).abs() / m
    best = (fine - TIE * (distance[:, None] + distance)).flatten(1).argmax(1)
    # A parabola needs a neighbour on each side.
    row, column = (best // m).clamp(1, m - 2), (best % m).clamp(1, m - 2)
    each = torch.arange(n, device=fine.device)
    near = torch.arange(-1, 2, device=fine.device)
    y, _ = parabola_peak(fine[each[:, None], row[:, None] + near, column[:, None]])
    x, _ = parabola_peak(fine[each[:, None], row[:, None], column[:, None] + near])
    fraction = (torch.stack([row + y, column + x], dim=1) - m // 2) / STEPS
    return coarse + fraction, fine[each, row, column]
