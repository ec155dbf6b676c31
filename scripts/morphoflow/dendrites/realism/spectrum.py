"""The radial power spectrum of images: how much contrast there is at each fineness of structure."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

# Images whose spectra are held at a time.
BLOCK_IMAGES = 64
# The power of rounding to 8 bits, under which nothing is known.
ROUNDING = 1 / (12 * 255**2)


@torch.no_grad()
def radial_spectrum(
    images: NDArray[np.uint8] | Tensor, device: torch.device | str = "cpu"
) -> NDArray[np.float64]:
    """Power in dB (n, s // 2) of images (n, 1, s, s) at 1 to s // 2 cycles an image.

    Images are uint8, or floats from 0 to 1. Each is taken less its mean, under a Hann window; the
    power is the mean over all directions, and 0 dB that of white noise of variance 1. The last
    column is that of the finest grid, a period of 2 px.
    """
    window = _window(images.shape[-1], device)
    order, counts = _rings(images.shape[-1], device)
    levels = []
    for start in range(0, len(images), BLOCK_IMAGES):
        block = torch.as_tensor(images[start : start + BLOCK_IMAGES]).to(device)
        values = block[:, 0].double() / (1 if block.is_floating_point() else 255)
        mean = (values * window).sum((1, 2), keepdim=True) / window.sum()
        power = torch.fft.fft2((values - mean) * window).abs().square()
        # Sums over sorted rings are the same at every call, those of scattered additions are not.
        sorted_power = power.flatten(1)[:, order].T.contiguous()
        mean_power = torch.segment_reduce(sorted_power, "mean", lengths=counts, axis=0).T
        levels.append(10 * torch.log10(mean_power + ROUNDING))
    return torch.cat(levels).cpu().numpy()


def octave_differences(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """By how many dB the mean spectrum of ``y`` (m, k) is above that of ``x`` (n, k), by octave.

    The finest octave, periods from 2 to 4 px, comes first.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"spectra of {x.shape[1]} and {y.shape[1]} frequencies are not comparable")
    cycles = np.arange(1, x.shape[1] + 1)
    octave = np.log2(x.shape[1] / cycles).astype(int)
    return np.bincount(octave, y.mean(0) - x.mean(0)) / np.bincount(octave)


def spectrum_distance(x: ArrayLike, y: ArrayLike) -> float:
    """The root mean square over octaves of :func:`octave_differences`, in dB an octave.

    Every octave counts alike, so that one that is missing is seen, whichever it is.
    """
    return float(np.sqrt(np.mean(octave_differences(x, y) ** 2)))


def _window(size: int, device: torch.device | str) -> Tensor:
    """A symmetric Hann window (size, size) whose squares add up to 1."""
    row = torch.hann_window(size + 2, periodic=False, dtype=torch.float64, device=device)[1:-1]
    return torch.outer(row, row) / row.square().sum()


def _rings(size: int, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """The places in a flat spectrum, ring by ring, and how many lie in each ring (size // 2,)."""
    cycles = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64, device=device)
    ring = torch.hypot(cycles[:, None], cycles).round().long().flatten()
    counts = torch.bincount(ring)[: size // 2 + 1]
    order = ring.argsort(stable=True)[counts[0] : counts.sum()]
    return order, counts[1:]
