"""A fixed description of the texture of images: a scattering transform of two orders.

It is learnt from nothing, so that no generator was trained to please it, as it would be to please
the features of its own critic; and it sees every octave of an image, the finest included.
"""

import math

import numpy as np
import torch
from torch import Tensor

from morphoflow.dendrites.bands import ORIENTATIONS, Band, bands, split

# Below this the modulus of a band is nothing: a hundredth of a grey level.
FLOOR = 1e-2 / 255
# Complex numbers in the widest array of a batch (64 MB).
ROOM = 2**23


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
    found = [
        _describe(torch.from_numpy(images[first : first + at_once]).to(device), filters)
        for first in range(0, len(images), at_once)
    ]
    return torch.cat(found).cpu().numpy()


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
