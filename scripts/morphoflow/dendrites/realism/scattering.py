"""A fixed description of the texture of images: a scattering transform of two orders.

It is learnt from nothing, so that no generator was trained to please it, as it would be to please
the features of its own critic; and it sees every octave of an image, the finest included.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from morphoflow.errors import InputError

# Below this the modulus of a band is nothing: a hundredth of a grey level.
FLOOR = 1e-2 / 255

# Complex numbers in the widest array of a batch (64 MB).
ROOM = 2**23

ORIENTATIONS = 4

SMALLEST = 16


def scattering(images: np.ndarray, device: str | torch.device = "cpu") -> np.ndarray:
    """Features (n, d) float32 of images (n, 1, s, s) uint8; s is a power of two of 16 or more.

    Bruna and Mallat 2013: means over the image of the moduli of its wavelet bands, and of the
    moduli of the coarser bands of those moduli. The wavelets are those of a steerable pyramid
    (Simoncelli and Freeman 1995). Means over orientations, those of the second order at each angle
    to the first, do not change when the image is turned by a quarter or mirrored; periodic borders
    make the same of shifts. With b = log2(s) - 2 octaves, d is 2 + b + 3 b (b - 1) / 2: logarithms
    of the mean, of the standard deviation, of the first order, and of the second order less that
    of its first.
    """
    size = images.shape[-1]
    filters = [band.to(device) for band in bands(size)]
    at_once = max(1, ROOM // (ORIENTATIONS * size**2))
    features = [
        _describe(torch.from_numpy(images[first : first + at_once]).to(device), filters)
        for first in range(0, len(images), at_once)
    ]
    return torch.cat(features).cpu().numpy()


# Images as bands of an octave and an orientation each, by a steerable pyramid.


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


def _describe(images: Tensor, filters: list[Band]) -> Tensor:
    x = images[:, 0].float() / 255
    mean, sd = x.mean(dim=(1, 2)), x.std(dim=(1, 2), correction=0)
    spectrum = torch.fft.fft2(x)
    first, second = [], []
    for b, band in enumerate(filters):
        moduli = split(spectrum, band).abs()
        total = _log(moduli.mean(dim=(1, 2, 3)))
        first.append(total)
        inner = torch.fft.fft2(moduli)
        for coarser in filters[b + 1 :]:
            second += [pair - total for pair in _by_angle(inner, coarser)]
    return torch.stack([_log(mean), _log(sd), *first, *second], dim=1)


def _by_angle(spectra: Tensor, band: Band) -> list[Tensor]:
    """Log mean moduli (n,) of a band of ``spectra`` (n, k, s, s) at 0, 45 and 90 degrees to k."""
    moduli = torch.stack([split(one, band).abs().mean(dim=(2, 3)) for one in spectra.unbind(1)], 1)
    steps = torch.arange(ORIENTATIONS, device=moduli.device)
    apart = (steps[:, None] - steps) % ORIENTATIONS
    apart = torch.minimum(apart, ORIENTATIONS - apart)
    return [_log(moduli[:, apart == angle].mean(dim=1)) for angle in range(1 + ORIENTATIONS // 2)]


def _log(x: Tensor) -> Tensor:
    return torch.log(x + FLOOR) / math.log(2)


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
