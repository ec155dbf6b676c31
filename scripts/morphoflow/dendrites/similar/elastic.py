"""How alike two images are when one is bent onto the other, as a copy of it may be.

Each place of one image moves to where its neighbourhood correlates best with the other, in steps
from wide neighbourhoods to narrow ones (block matching; Ourselin et al., Image Vis. Comput. 19,
2001). The move is the mean over all tried, weighted by the softmax of their correlations, and
smooth over the neighbourhood, so that bent lines follow and other lines do not.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from morphoflow.dendrites.similar.similarity import blur_matrix, fine_structure

# Correlations are weighted by the exponential of so many times them.
SHARPNESS = 30.0
# Pairs that are held at a time.
BLOCK_PAIRS = 32
# Energy of a neighbourhood under which there is nothing to correlate.
EMPTY = 1e-6


@dataclass(frozen=True)
class Level:
    """Images of ``size`` px, neighbourhoods of sd ``window`` and moves up to ``reach`` (px)."""

    size: int
    window: float
    reach: int


LEVELS = (Level(32, 6.0, 2), Level(32, 4.0, 2), Level(64, 5.0, 2))


@torch.no_grad()
def elastic_correlation(a: Tensor, b: Tensor) -> Tensor:
    """The correlation (p,) of each ``a`` (p, 1, s, s), bent onto its ``b`` (p, 1, s, s).

    That of the fine structure at 64 px, -1 to 1, and 0 where one is blank. The images must lie
    upon each other but for some 6 of 64 px.
    """
    pairs = zip(a.split(BLOCK_PAIRS), b.split(BLOCK_PAIRS), strict=True)
    return torch.cat([_bent_correlation(*pair) for pair in pairs])


def _bent_correlation(a: Tensor, b: Tensor) -> Tensor:
    grid = _grid(LEVELS[0].size, a.device).expand(len(a), -1, -1, -1)
    for level in LEVELS:
        fine_a, fine_b = (fine_structure(images, level.size) for images in (a, b))
        grid = _resized(grid, fine_a.shape[-1])
        move = _moves(_sampled(fine_a, grid), fine_b, level)
        grid = _sampled_grid(grid, move)
    bent = _sampled(fine_a, grid)
    energy = bent.square().sum((1, 2)) * fine_b.square().sum((1, 2))
    return (bent * fine_b).sum((1, 2)) * energy.clamp_min(EMPTY).rsqrt()


def _moves(a: Tensor, b: Tensor, level: Level) -> Tensor:
    """Where the neighbourhood of each place of ``b`` (p, k, k) lies in ``a``: x, y (p, k, k, 2) px.

    Only places near structure have a say.
    """
    size, reach = a.shape[-1], level.reach
    blur = blur_matrix(size, level.window * size / level.size, a.device)
    lags = torch.arange(-reach, reach + 1, device=a.device)
    framed = functional.pad(a, (reach, reach, reach, reach))
    windows = framed.unfold(1, size, 1).unfold(2, size, 1).flatten(1, 2)
    power = blur @ b.square() @ blur.T
    energy = (blur @ windows.square() @ blur.T) * power[:, None]
    alike = (blur @ (windows * b[:, None]) @ blur.T) * (energy + EMPTY).rsqrt()
    weight = torch.softmax(SHARPNESS * alike, dim=1)
    moves = torch.cartesian_prod(lags, lags).flip(1).to(a.dtype)
    mean = torch.einsum("pwyx,wd->pdyx", weight, moves)
    smooth = (blur @ (mean * power[:, None]) @ blur.T) / (blur @ power @ blur.T + EMPTY)[:, None]
    return smooth.movedim(1, -1)


def _grid(size: int, device: torch.device) -> Tensor:
    """The x, y of each pixel (1, size, size, 2), -1 and 1 at the image's edges."""
    place = (torch.arange(size, device=device) + 0.5) * (2 / size) - 1
    y, x = torch.meshgrid(place, place, indexing="ij")
    return torch.stack([x, y], dim=-1)[None]


def _sampled(images: Tensor, grid: Tensor) -> Tensor:
    sampled = functional.grid_sample(images[:, None], grid, align_corners=False)
    return sampled[:, 0]


def _sampled_grid(grid: Tensor, move: Tensor) -> Tensor:
    """Where ``grid`` (p, k, k, 2) leads from places that ``move`` (p, k, k, 2), in px, is added to.

    What a grid adds to places is sampled, as it goes on beyond the border and places do not.
    """
    size = grid.shape[1]
    still = _grid(size, grid.device)
    places = still + move * (2 / size)
    bend = (grid - still).movedim(-1, 1)
    more = functional.grid_sample(bend, places, padding_mode="border", align_corners=False)
    return places + more.movedim(1, -1)


def _resized(grid: Tensor, size: int) -> Tensor:
    bend = (grid - _grid(grid.shape[1], grid.device)).movedim(-1, 1)
    wide = functional.interpolate(bend, size=(size, size), mode="bilinear", align_corners=False)
    return _grid(size, grid.device) + wide.movedim(1, -1)
