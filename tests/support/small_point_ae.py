"""A small autoencoder of point clouds, and spheres, rods and tori for it."""

import numpy as np
import pandas as pd
import torch
import zarr

from model_settings import settings
from morphoflow.store import Samples

CPU = torch.device("cpu")
SETTINGS = settings(
    "point_ae",
    widths=[24, 24, 48],
    neighbours=6,
    hidden_size=32,
    latent_size=8,
    decoded_points=96,
    decoder_width=64,
    learning_rate=4e-3,
    batch_size=8,
)
N, K = 60, 128


def shapes(n=N, k=K, seed=0, turned=True):
    """Spheres, rods and tori (n, k, 3) in nm, of random size, as they lie or turned at random."""
    rng = np.random.default_rng(seed)
    around = rng.normal(size=(n, k, 3))
    around /= np.linalg.norm(around, axis=2, keepdims=True)
    kind, place = np.arange(n) % 3, rng.uniform(-1, 1, (n, k))
    rod = around * 0.3
    rod[..., 0] += 2 * place
    angle = np.pi * place
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=2)
    x = np.choose(kind[:, None, None], [around, rod, ring + 0.3 * around])
    x = x * rng.uniform(100, 400, (n, 1, 1))
    return (x @ rotations(n, seed) if turned else x).astype(np.float32)


def rotations(n, seed):
    """Random orthogonal matrices (n, 3, 3), half of them with a reflection."""
    return np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(n, 3, 3)))[0]


def samples(x, **facts):
    ids = np.array([f"o{i}" for i in range(len(x))])
    return Samples(zarr.array(x), ids, None, None, None, {"units": "nm"}, **facts)


def objects(n=N):
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(n) % 5]
    return pd.DataFrame({"id": [f"o{i}" for i in range(n)], "split": split})
