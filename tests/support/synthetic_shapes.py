"""Pictures whose rotated, flipped and shifted versions are drawn and not resampled."""

import numpy as np
import torch
from torch import Tensor


class Blobs:
    """Pictures of Gaussian blobs, ``n`` of them with ``channels`` each, drawn under any motion.

    Places and widths are in units of half the picture's side, so that pictures of different sizes
    show the same.
    """

    def __init__(self, n: int, channels: int = 1, reach: float = 0.5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.n, shape = n, (n, channels, 5)
        radius, angle = reach * np.sqrt(rng.random(shape)), 2 * np.pi * rng.random(shape)
        self.place = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
        self.height = rng.uniform(0.1, 0.3, shape)
        self.width = rng.uniform(0.12, 0.2, shape)

    def draw(self, size: int, angle=0.0, flip=False, shift=(0.0, 0.0)) -> Tensor:
        """Images (n, c, size, size): flipped, then turned by degrees, then shifted by px (y, x)."""
        half = (size - 1) / 2
        x, y = self.place[..., 0].copy(), self.place[..., 1]
        x = np.where(np.broadcast_to(flip, self.n)[:, None, None], -x, x)
        turn = np.deg2rad(np.broadcast_to(angle, self.n))[:, None, None]
        dy, dx = (np.broadcast_to(s, self.n)[:, None, None] for s in np.transpose(shift))
        # Here y points up, in an image down.
        column = half + half * (np.cos(turn) * x - np.sin(turn) * y) + dx
        row = half - half * (np.sin(turn) * x + np.cos(turn) * y) + dy
        pixel = np.arange(size)
        spread = 2 * (half * self.width[..., None]) ** 2
        along_y = np.exp(-((pixel - row[..., None]) ** 2) / spread)
        along_x = np.exp(-((pixel - column[..., None]) ** 2) / spread)
        images = np.einsum("nck,ncky,nckx->ncyx", self.height, along_y, along_x)
        return torch.from_numpy(images.astype(np.float32))


def random_motions(n: int, seed: int = 1, reach_px: float = 0.0) -> tuple[np.ndarray, ...]:
    """Angles (n,) in degrees, flips (n,) and shifts (n, 2) px up to ``reach_px``."""
    rng = np.random.default_rng(seed)
    shift = rng.uniform(-reach_px, reach_px, (n, 2))
    return rng.uniform(-180, 180, n), rng.random(n) < 0.5, shift


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Uniform noise in 0 to 1."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def angle_error(found: Tensor, wanted: np.ndarray) -> np.ndarray:
    """Absolute differences of angles in degrees, 0 to 180."""
    return np.abs((found.numpy() - wanted + 180) % 360 - 180)
