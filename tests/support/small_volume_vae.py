"""A small autoencoder of volumes, and balls and rods for it."""

import numpy as np
import pandas as pd
import torch
import zarr

from model_settings import settings
from morphoflow.store import Samples

CPU = torch.device("cpu")
SETTINGS = settings(
    "volume_vae",
    widths=[8, 16, 16],
    decoder_widths=[16, 16, 8],
    latent_size=4,
    batch_size=4,
    learning_rate=3e-3,
    augment="none",
)
N, SIZE = 48, 16


def blobs_and_rods(n=N, size=SIZE):
    """Balls and thin rods along any axis, of random sizes, with an EM that differs between them."""
    rng = np.random.default_rng(0)
    grid = np.indices((size,) * 3) - (size - 1) / 2
    volumes = np.zeros((n, 2, size, size, size), dtype=np.uint8)
    for i, volume in enumerate(volumes):
        axis, radius = rng.integers(3), size * rng.uniform(0.2, 0.3)
        across = np.sqrt(sum(grid[k] ** 2 for k in range(3) if k != axis))
        rod = np.maximum(across - size * 0.1, np.abs(grid[axis]) - 1.6 * radius)
        distance = np.linalg.norm(grid, axis=0) - radius if i % 2 else rod
        mask = np.clip(0.5 - distance, 0, 1)
        volume[0] = np.rint(255 * mask * (0.3 if i % 2 else 0.7))
        volume[1] = np.rint(255 * mask)
    return volumes


def store(x):
    ids = np.array([f"o{i}" for i in range(len(x))])
    return Samples(zarr.array(x), ids, None, None, None, {})


def objects(n=N):
    split = np.array(["train"] * 4 + ["validation", "test"])[np.arange(n) // 2 % 6]
    return pd.DataFrame({"id": [f"o{i}" for i in range(n)], "split": split})
