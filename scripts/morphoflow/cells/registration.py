"""Registration of images: the motion that fits one to another, many pairs at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from morphoflow.cells.registration_angle import polar_grid, register_spectra, spectrum
from morphoflow.cells.registration_shift import register_shifted
from morphoflow.cells.rotate import Motion, compose, inverse, transform

# Polar samples of a block of images; more leave the caches of a processor.
BLOCK_SAMPLES = 1 << 21


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
    :func:`~morphoflow.cells.registration_shift.register_shifted`. Images without contrast get
    the motion that does nothing, and score 0.
    """
    grid = polar_grid(moving.shape[-1], moving.device)
    block = max(1, BLOCK_SAMPLES // (moving.shape[1] * grid.n_radii * grid.n_angles))
    parts = moving.split(block)
    targets = fixed.split(block) if len(fixed) > 1 else [fixed] * len(parts)
    fit = register_shifted if shifts else _register_centred
    found = [fit(*pair, flips=flips) for pair in zip(parts, targets, strict=True)]
    return Registration(*(torch.cat(values) for values in zip(*found, strict=True)))


def _register_centred(moving: Tensor, fixed: Tensor, *, flips: bool) -> tuple[Tensor, ...]:
    angle, flip, score = register_spectra(spectrum(moving), spectrum(fixed), flips=flips)
    return angle, flip, angle.new_zeros(len(angle), 2), score
