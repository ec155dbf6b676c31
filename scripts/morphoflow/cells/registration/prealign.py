"""Prealignment: the major axis upright, then the flip that is most like the mean of all.

This is the rule of O2-VAE's prealignment (Burgess et al., Nature Communications 15:1022, 2024),
with an end where the flips no longer change.
"""

from dataclasses import replace
from functools import partial

import pandas as pd
import torch
from torch import Generator, Tensor

from morphoflow.cells.registration.angle import CONSTANT, TIE
from morphoflow.cells.registration.blocks import CropBlock, CropBlocks, foreground, mean_crop
from morphoflow.images.rotate import Motion, compose, transform, wrap
from morphoflow.seeds import torch_generator

# Difference of the principal variances, relative to their sum, under which a shape has no axis.
ROUND = 1e-6

# A square pixel's own variance along both axes together, in px^2.
PIXEL = 1 / 6

# The axes of none, left-right, up-down, both.
FLIPS = ((), (-1,), (-2,), (-2, -1))


def major_axis(foreground: Tensor) -> tuple[Tensor, Tensor]:
    """The direction (n,) of the major axis and the elongation (n,) of shapes (n, h, w).

    The second central moments are weighted by the values of ``foreground``. The direction is in
    degrees, counter-clockwise as displayed from the x axis, 0 (excluded) to 180; the elongation is
    the ratio of the axes, 1 or more. A shape without an axis, such as a disc or nothing at all,
    has the direction 90, upright.
    """
    weight = foreground.double()
    h, w = weight.shape[1:]
    y = torch.arange(h, dtype=torch.float64, device=weight.device) - (h - 1) / 2
    x = torch.arange(w, dtype=torch.float64, device=weight.device) - (w - 1) / 2
    total = weight.sum((1, 2)).clamp(min=torch.finfo(torch.float64).tiny)
    of_y, of_x = weight.sum(2) / total[:, None], weight.sum(1) / total[:, None]
    mean_y, mean_x = (of_y * y).sum(1), (of_x * x).sum(1)
    yy = (of_y * y.square()).sum(1) - mean_y.square()
    xx = (of_x * x.square()).sum(1) - mean_x.square()
    xy = ((weight * x).sum(2) * y).sum(1) / total - mean_x * mean_y
    spread = torch.hypot(xx - yy, 2 * xy)
    # y points down, but directions turn counter-clockwise.
    direction = torch.rad2deg(torch.atan2(-2 * xy, xx - yy)) / 2
    direction = torch.where(spread > ROUND * (xx + yy), direction, 90.0)
    ratio = (xx + yy + PIXEL + spread) / (xx + yy + PIXEL - spread)
    direction = torch.where(direction > 0, direction, direction + 180)
    return direction.float(), ratio.sqrt().float()


def upright(foreground: Tensor) -> Motion:
    """The rotations by less than 90 degrees either way that turn the major axes upright."""
    angle = 90 - major_axis(foreground)[0]
    shift = torch.zeros(len(angle), 2, device=angle.device)
    return Motion(angle, torch.zeros_like(angle, dtype=torch.bool), shift)


def flip_choice(x: Tensor, template: Tensor) -> tuple[Tensor, Tensor]:
    """The flip (n,) of crops that is most like a template, and its correlation (n,) with it.

    The four flips are none (0), left-right (1), up-down (2) and both (3); of them the root mean
    squared difference to the template (c, h, w) is least. The first of equal ones is taken.
    """
    crops = _unit(x.flatten(1))
    views = _unit(torch.stack([template.flip(axes) for axes in FLIPS]).flatten(1))
    # A flip changes no norm, so that the least difference is the largest correlation.
    correlation = (crops[:, None] * views).sum(-1)
    choice = (correlation - TIE * torch.arange(4, device=x.device)).argmax(1)
    return choice, correlation.gather(1, choice[:, None])[:, 0]


def flip_motion(choice: Tensor) -> Motion:
    """The motions of the flips of :func:`flip_choice`; up-down is left-right and a half turn."""
    shift = torch.zeros(len(choice), 2, device=choice.device)
    return Motion((choice >= 2) * 180.0, (choice == 1) | (choice == 2), shift)


def prealign(x: Tensor, foreground: Tensor, template: Tensor) -> tuple[Motion, Tensor]:
    """The prealignment's motions of crops (n, c, h, w), and correlations with the template."""
    motion = upright(foreground)
    choice, correlation = flip_choice(transform(x, motion.angle, motion.flip), template)
    return compose(flip_motion(choice), motion), correlation


def fit_template(blocks: CropBlocks, kind: str, threshold: float, iterations: int) -> Tensor:
    """The mean (c, h, w) of the prealigned crops.

    It begins as the mean of the upright crops; crops are flipped to be like it and averaged again,
    until no crop changes its flip, ``iterations`` times at most. ``kind`` and ``threshold`` are
    those of :func:`~morphoflow.cells.registration.blocks.foreground`.
    """
    template, before = mean_crop(blocks, lambda block: upright(foreground(block, kind, threshold)))
    for _ in range(iterations):
        template, after = mean_crop(blocks, partial(_motion, template, kind, threshold))
        if torch.equal(after.flip, before.flip) and torch.equal(after.angle, before.angle):
            break
        before = after
    return template


def _motion(template: Tensor, kind: str, threshold: float, block: CropBlock) -> Motion:
    return prealign(block.x, foreground(block, kind, threshold), template)[0]


def _unit(rows: Tensor) -> Tensor:
    """Rows (n, k) less their mean, of unit norm, or 0 where they are constant."""
    rest = rows - rows.mean(1, keepdim=True)
    norm = torch.linalg.vector_norm(rest, dim=1, keepdim=True)
    level = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    return rest * torch.where(norm > CONSTANT * level, norm.reciprocal(), 0.0)


# How often the prealignment of a crop changes when noise is added to it.


def noise_generators(copies: int) -> list[Generator]:
    """One stream of noise for each noisy copy of a data set, on the CPU for equal draws."""
    return [torch_generator(0, "noise", copy) for copy in range(copies)]


def stability(
    block: CropBlock,
    template: Tensor,
    kind: str,
    threshold: float,
    *,
    noise: float,
    generators: list[Generator],
) -> pd.DataFrame:
    """Shares of noisy copies, one for each generator, that are prealigned in another way.

    ``noise`` is the standard deviation of what is added to every pixel, 0 to 1, of the crop and of
    its mask, so that pixels at the edge change sides. Columns are ``axis_changed``, where the
    major axis is more than 45 degrees off; ``flip_changed``, where the crop is mirrored or upside
    down against its own prealignment; ``changed``, where either is so.
    """
    shape = foreground(block, kind, threshold)
    axis, (motion, _) = major_axis(shape)[0], prealign(block.x, shape, template)
    counts = torch.zeros(len(block.x), 3, device=block.x.device)
    for generator in generators:
        copy = _noisy(block, noise, generator)
        shape = foreground(copy, kind, threshold)
        other, _ = prealign(copy.x, shape, template)
        off = (wrap(2 * (major_axis(shape)[0] - axis)) / 2).abs() > 45
        over = (other.flip ^ motion.flip) | (wrap(other.angle - motion.angle).abs() > 90)
        counts += torch.stack([off, over, off | over], dim=1)
    names = ["axis_changed", "flip_changed", "changed"]
    return pd.DataFrame((counts / len(generators)).cpu().numpy(), columns=names)


def _noisy(block: CropBlock, noise: float, generator: Generator) -> CropBlock:
    x = (block.x + noise * _normal(block.x, generator)).clamp(0, 1)
    if block.mask is None:
        return replace(block, x=x)
    return replace(block, x=x, mask=block.mask + noise * _normal(block.mask, generator))


def _normal(like: Tensor, generator: Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator).to(like.device)
