"""A small progressive GAN, and images of crosses for it."""

import numpy as np
import pandas as pd
import torch
import zarr

from model_settings import settings
from morphoflow.models.progressive_gan import model as progressive_gan

CPU = torch.device("cpu")
SETTINGS = settings(
    "progressive_gan",
    epochs=4,
    epoch_images=16,
    batch_size=4,
    widths=[8, 8, 4],
    latent_size=8,
    learning_rate=2e-3,
    final_learning_rate=2e-4,
    r1_r2_weight=1,
    translation=0.05,
    average_images=100,
    timelapse_frames=3,
)


class Stored:
    """Samples with levels, as the reader writes them."""

    def __init__(self, x):
        self.x, self.levels = zarr.array(x), {}
        self.ids, self.attributes = np.arange(len(x)).astype(str), {"pixel_um": 0.5}
        size = x.shape[-1] // 2
        while size >= 16:
            blocks = x.reshape(len(x), x.shape[1], size, x.shape[2] // size, size, -1)
            self.levels[size] = zarr.array(np.rint(blocks.mean((3, 5))).astype(np.uint8))
            size //= 2


def crosses(n=20, size=32, seed=0):
    """Bright crosses (n, 1, size, size) uint8 at random places near the middle, on black."""
    rng = np.random.default_rng(seed)
    x = np.full((n, 1, size, size), 10, np.uint8)
    for image, (row, column) in zip(x, rng.integers(size // 4, 3 * size // 4, (n, 2)), strict=True):
        image[0, row, :] = image[0, :, column] = 230
    return x


def objects(n=20):
    split = np.where(np.arange(n) % 5 == 4, "validation", "train")
    return pd.DataFrame({"id": np.arange(n).astype(str), "split": split})


def built(x=None, **changes):
    x = crosses() if x is None else x
    return progressive_gan.build(Stored(x), objects(len(x)), SETTINGS | changes, 0, CPU)
