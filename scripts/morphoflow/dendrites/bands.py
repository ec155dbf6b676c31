"""Images as bands of an octave and an orientation each, by a steerable pyramid."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from morphoflow.errors import InputError

ORIENTATIONS = 4
SMALLEST = 16


@dataclass(frozen=True)
class Band:
    """Filters (orientations, g, g) float32 of one octave, on the g x g coarsest frequencies.

    No frequency beyond these passes, so that the band of an image is whole at g x g pixels.
    """

    filters: Tensor

    @property
    def grid(self) -> int:
        """Pixels a side of what passes."""
        return self.filters.shape[-1]

    def to(self, device: str | torch.device) -> "Band":
        """The band on a device."""
        return replace(self, filters=self.filters.to(device))


def bands(size: int) -> list[Band]:
    """The log2(size) - 2 octaves of images of ``size`` x ``size`` pixels, from the finest.

    Simoncelli and Freeman 1995, in the form of Portilla and Simoncelli 2000: the octave around
    pi / 2^b falls as a cosine of the logarithm of frequency to nothing an octave away, and all
    that is above pi belongs to the finest. Filters see one half plane, so that the modulus of what
    passes does not ripple.
    """
    if size < SMALLEST or size & (size - 1):
        raise InputError(
            f"images of {size} x {size} pixels have no pyramid of octaves; "
            f"give a power of two of {SMALLEST} or more."
        )
    return [_band(size, octave) for octave in range(size.bit_length() - 3)]


def split(spectra: Tensor, band: Band) -> Tensor:
    """The parts (n, orientations, g, g) complex of images with the given ``spectra`` (n, s, s)."""
    size, grid = spectra.shape[-1], band.grid
    near = _coarsest(spectra, grid) * (grid / size) ** 2
    return torch.fft.ifft2(near[:, None] * band.filters)


def _coarsest(spectra: Tensor, grid: int) -> Tensor:
    """The ``grid`` x ``grid`` coarsest frequencies of spectra (n, s, s)."""
    half, size = grid // 2, spectra.shape[-1]
    kept = torch.arange(size, device=spectra.device)
    kept = torch.cat([kept[:half], kept[size - half :]])
    return spectra[:, kept][:, :, kept]


def _band(size: int, octave: int) -> Band:
    grid = size >> max(0, octave - 1)
    across = torch.fft.fftfreq(grid, dtype=torch.float64) * 2 * math.pi * grid / size
    y, x = across[:, None], across[None, :]
    radius, angle = torch.hypot(y, x), torch.atan2(y, x)
    octaves = torch.log2(radius.clamp(min=1e-9) * 2**octave / math.pi)
    if octave == 0:
        octaves = octaves.clamp(max=0)
    passed = torch.cos(math.pi / 2 * octaves.clamp(-1, 1))
    # The highest frequency has no partner of the other sign: what it says of direction is chance.
    paired = (across > across.min())[:, None] & (across > across.min())[None, :]
    turns = math.pi * torch.arange(ORIENTATIONS, dtype=torch.float64) / ORIENTATIONS
    lobe = torch.cos(angle - turns[:, None, None]).clamp(min=0) ** (ORIENTATIONS - 1)
    return Band((2 * passed * paired * lobe).to(torch.float32))
