"""Rotation, flip and shift of images, differentiable and lossless: what is fine stays fine.

A rotation is a quarter turn and three shears (Unser, Thevenaz and Yaroslavsky, IEEE Transactions on
Image Processing 4:1371, 1995), a shear a shift of every row by a phase of its Fourier transform. No
neighbours are blended, so that thin dendrites keep their contrast, and unlike the gradient of a
resampling on a mesh that of a transform is the same to the bit each time on a GPU.
"""

import math

import torch
from torch import Tensor


def moved(x: Tensor, angle: Tensor, flip: Tensor, shift: Tensor) -> Tensor:
    """Square images (b, c, s, s), s even, under a flip, then a rotation, then a shift.

    ``angle`` (b,) is in degrees, counter-clockwise as displayed, about the middle; ``flip`` (b,)
    bool, left to right; ``shift`` (b, 2) px along y (down) and x, at most a quarter of s. From
    outside of an image comes its mirror image. Quarter turns without a shift move pixels and
    compute none.
    """
    quarter = (angle / 90).round()
    rest = torch.deg2rad(angle - 90 * quarter)
    turned = _quarter_turned(_where(flip, x.flip(-1), x), quarter.long() % 4)
    tangent, sine = (rest / 2).tan(), -rest.sin()
    wide = _mirrored(turned)
    wide = _sheared(wide, tangent, torch.zeros_like(rest))
    wide = _sheared(wide.transpose(2, 3), sine, shift[:, 0]).transpose(2, 3)
    wide = _sheared(wide, tangent, shift[:, 1] - tangent * shift[:, 0])
    half = x.shape[-1] // 2
    inner = wide[..., half:-half, half:-half]
    return _where((rest == 0) & (shift == 0).all(1), turned, inner)


def _quarter_turned(x: Tensor, turns: Tensor) -> Tensor:
    """Each image turned by 90 degrees 0 to 3 times."""
    x = _where(turns >= 2, x.flip(2, 3), x)
    return _where(turns % 2 == 1, x.transpose(2, 3).flip(2), x)


def _mirrored(x: Tensor) -> Tensor:
    """The images with half of their mirror image on each side, which goes on for ever."""
    for axis in (2, 3):
        near, far = x.chunk(2, axis)
        x = torch.cat([near.flip(axis), x, far.flip(axis)], axis)
    return x


def _sheared(x: Tensor, slope: Tensor, shift: Tensor) -> Tensor:
    """Rows (b, c, h, w) moved along themselves by ``slope`` times their place, and ``shift`` px.

    The place of a row is its distance down from the middle. What leaves a row enters it again.
    """
    height, width = x.shape[2:]
    place = torch.arange(height, device=x.device) - (height - 1) / 2
    way = slope[:, None] * place + shift[:, None]
    frequency = torch.fft.rfftfreq(width, device=x.device) * (-2 * math.pi)
    angle = way[:, None, :, None] * frequency
    phase = torch.complex(angle.cos(), angle.sin())
    return torch.fft.irfft(torch.fft.rfft(x) * phase, n=width)


def _where(which: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.where(which[:, None, None, None], one, other)
