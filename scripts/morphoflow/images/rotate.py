"""Rotations, flips and shifts of images about their centre, and the laws of their composition."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Motion:
    """Motions ``g``, one an image: a left-right flip, then a rotation, then a shift.

    ``angle`` (n,) is in degrees, counter-clockwise as displayed, about ((h - 1) / 2, (w - 1) / 2);
    ``flip`` (n,) is bool; ``shift`` (n, 2) is in px along y (down) and x.
    """

    angle: Tensor
    flip: Tensor
    shift: Tensor


def transform(
    x: Tensor,
    angle: Tensor,
    flip: Tensor,
    shift: Tensor | None = None,
    *,
    mode: Literal["bilinear", "bicubic"] = "bilinear",
) -> Tensor:
    """Images (n, c, size, size) under the motion of the same name; no gradient.

    Places from outside of the image get the value of the nearest border pixel, so that the
    background goes on. Turns by multiples of 90 degrees without a shift move pixels and compute
    none.
    """
    grid = _source_grid(x.shape[-1], angle, flip, shift).to(x.dtype)
    exact = angle % 90 == 0
    if shift is not None:
        exact &= (shift == 0).all(dim=1)
    with torch.no_grad():
        moved = functional.grid_sample(x, grid, mode, padding_mode="border", align_corners=True)
        pixels = functional.grid_sample(
            x, grid, "nearest", padding_mode="border", align_corners=True
        )
    return torch.where(exact[:, None, None, None], pixels, moved)


def matrices(angle: Tensor, flip: Tensor) -> Tensor:
    """What motions without a shift do to places (y, x) about the centre, (n, 2, 2) float64."""
    radians = torch.deg2rad(angle.double())
    turns = torch.stack([radians.cos(), radians.sin()])
    cosine, sine = torch.where(angle % 90 == 0, turns.round(), turns)
    side = 1 - 2 * flip.double()
    rows = torch.stack([cosine, -sine * side, sine, cosine * side], dim=-1)
    return rows.view(-1, 2, 2)


def inverse(motion: Motion) -> Motion:
    """The motions that undo ``motion``."""
    turned = matrices(motion.angle, motion.flip).transpose(1, 2) @ motion.shift.double()[..., None]
    angle = torch.where(motion.flip, motion.angle, wrap(-motion.angle))
    return Motion(angle, motion.flip, -turned[..., 0].to(motion.shift.dtype))


def compose(second: Motion, first: Motion) -> Motion:
    """The motions that do as ``first`` and then ``second``."""
    angle = second.angle + torch.where(second.flip, -first.angle, first.angle)
    turned = matrices(second.angle, second.flip) @ first.shift.double()[..., None]
    shift = turned[..., 0].to(second.shift.dtype) + second.shift
    return Motion(wrap(angle), second.flip ^ first.flip, shift)


def concatenate(motions: list[Motion]) -> Motion:
    """The motions of several batches one after the other."""
    names = ("angle", "flip", "shift")
    return Motion(*(torch.cat([getattr(m, name) for m in motions]) for name in names))


def wrap(angle: Tensor) -> Tensor:
    """Angles in degrees in -180 (included) to 180 (excluded)."""
    return torch.remainder(angle + 180, 360) - 180


def _source_grid(size: int, angle: Tensor, flip: Tensor, shift: Tensor | None) -> Tensor:
    """Where each pixel comes from (n, size, size, 2) as x, y, -1 and 1 at the corners' middles."""
    place = torch.linspace(-1, 1, size, dtype=torch.float64, device=angle.device)
    back = matrices(angle, flip)[:, None, None]
    y, x = place[None, :, None], place[None, None, :]
    if shift is not None:
        step = shift.double() * (2 / (size - 1))
        y, x = y - step[:, 0, None, None], x - step[:, 1, None, None]
    # The inverse of an orthogonal matrix is its transpose.
    source_y = back[..., 0, 0] * y + back[..., 1, 0] * x
    source_x = back[..., 0, 1] * y + back[..., 1, 1] * x
    return torch.stack([source_x, source_y], dim=-1)
