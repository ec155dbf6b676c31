"""Halving of maps without losing their symmetry: windows, and a blur before the subsampling.

A window and its stride are centred on maps of even and of odd size alike, so that subsampling
commutes exactly with flips and 90-degree turns.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

# Binomial filters: even ones are centred between pixels, odd ones on a pixel.
EVEN_TAPS, ODD_TAPS = (1, 5, 10, 10, 5, 1), (1, 6, 15, 20, 15, 6, 1)


def windows(x: Tensor) -> Tensor:
    """The windows of stride 2 of maps (..., h, w) as (k^2, ..., h // 2, w // 2).

    They are 2 pixels wide and apart where the size is even, and 3 wide where it is odd.
    """
    k = 2 + x.shape[-1] % 2
    n = 2 * (x.shape[-1] // 2)
    parts = [x[..., i : i + n - 1 : 2, j : j + n - 1 : 2] for i in range(k) for j in range(k)]
    return torch.stack(parts)


def blurred_half(x: Tensor) -> Tensor:
    """Maps (b, c, h, w) blurred and subsampled to (b, c, h // 2, w // 2), h and w equal.

    A binomial blur before a stride of 2 takes away most of what the stride would alias (Zhang,
    ICML 2019).
    """
    even = x.shape[-1] % 2 == 0
    taps = x.new_tensor(EVEN_TAPS if even else ODD_TAPS)
    taps = taps / taps.sum()
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(x, kernel, stride=2, padding=2, groups=x.shape[1])
