"""How often the prealignment of a crop changes when noise is added to it."""

from dataclasses import replace

import pandas as pd
import torch
from torch import Generator, Tensor

from morphoflow.cells.prealign import major_axis, prealign
from morphoflow.cells.registration_blocks import CropBlock, foreground
from morphoflow.cells.rotate import wrap
from morphoflow.training.seeds import torch_generator


def noise_generators(seed: int, copies: int) -> list[Generator]:
    """One stream of noise for each noisy copy of a data set, on the CPU for equal draws."""
    return [torch_generator(seed, "noise", copy) for copy in range(copies)]


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
