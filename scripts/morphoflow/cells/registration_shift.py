"""The rotation, flip and shift between images that are not centred alike.

The magnitude of the Fourier transform of an image does not change with a shift and turns with the
image, so that it gives the angle up to 180 degrees; the shift follows from the turned image (Reddy
and Chatterji, IEEE Trans. Image Processing 5:1266, 1996). The angle is then refined on the images
themselves, about the centre that the shift gives.
"""

import torch
from torch import Tensor

from morphoflow.cells.registration_angle import (
    angular_correlation,
    peaks,
    register_spectra,
    spectrum,
)
from morphoflow.cells.rotate import transform, wrap
from morphoflow.cells.translation import estimate_shift, unit_foreground

# Frequencies in use, as a share of the highest; above are mostly edges of pixels and noise.
HIGHEST = 0.5
REFINEMENTS = 2


def register_shifted(
    moving: Tensor, fixed: Tensor, *, flips: bool = True
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Angles (n,) in degrees, flips (n,), shifts (n, 2) px and scores (n,) that fit the images.

    Images are (n, c, size, size), ``fixed`` may be one for all. The score is the correlation
    coefficient of :func:`~morphoflow.cells.translation.estimate_shift`, after rotation and flip.
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
