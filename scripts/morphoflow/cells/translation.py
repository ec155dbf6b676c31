"""The sub-pixel shift between images by an upsampled Fourier transform about the coarse peak."""

import math

import torch
from torch import Tensor

from morphoflow.cells.registration_angle import CONSTANT, TIE, parabola_peak

# Steps a pixel of the fine correlation, one pixel to each side of the coarse peak.
STEPS = 8


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
