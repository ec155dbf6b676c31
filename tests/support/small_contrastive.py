"""A small contrastive model, and volumes of blobs, rods and rings for it."""

import numpy as np
import pandas as pd
import torch

from model_settings import settings

CPU = torch.device("cpu")
SETTINGS = settings(
    "contrastive",
    epochs=8,
    batch_size=24,
    widths=[8, 16, 32],
    projector_size=64,
    projection_size=32,
    predictor_size=16,
    learning_rate=5e-3,
    # The shapes lie in any pose.
    turns="cube",
    rotation_strength=45,
    scale_probability=1,
    scale_strength=0.3,
)
NAMES = np.array(["blob", "rod", "ring"])
N, SIZE = 150, 16


def distance_inside(kind, z, y, x):
    """How far points lie within a shape; the three fill about the same volume."""
    if kind == "blob":
        return 0.45 - np.sqrt(z**2 + y**2 + x**2)
    if kind == "rod":
        return np.minimum(0.27 - np.hypot(z, y), 0.75 - np.abs(x))
    return 0.2 - np.hypot(np.hypot(z, y) - 0.5, x)


def shapes(seed):
    """Blobs, rods and rings (N, 2, 16, 16, 16) of bytes in any pose, brightness and size."""
    generator = np.random.default_rng(seed)
    place = (np.arange(SIZE) - (SIZE - 1) / 2) / (SIZE / 2)
    grid = np.stack(np.meshgrid(place, place, place, indexing="ij"), -1).reshape(-1, 3)
    samples = []
    for name in labels():
        turn = np.linalg.qr(generator.normal(size=(3, 3)))[0]
        points = (grid @ turn).T / generator.uniform(0.6, 1.1)
        mask = np.clip(distance_inside(name, *points) * SIZE / 2 + 0.5, 0, 1)
        em = generator.uniform(0.1, 0.9) + 0.1 * generator.normal(size=mask.shape)
        samples.append(np.stack([np.clip(em, 0, 1) * mask, mask]))
    return (255 * np.array(samples)).reshape(N, 2, SIZE, SIZE, SIZE).astype(np.uint8)


def labels():
    return NAMES[np.arange(N) % 3]


def objects():
    parts = np.array(["train", "train", "train", "validation", "test"])
    split = parts[np.arange(N) // 3 % 5]
    return pd.DataFrame({"id": [f"o{i}" for i in range(N)], "split": split, "label": labels()})
