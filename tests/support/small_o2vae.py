"""A small autoencoder of cells, and the table of its objects."""

import numpy as np
import pandas as pd
import torch

from model_settings import settings

SMALL = {
    "widths": [8, 16],
    "hidden_size": 24,
    "latent_size": 6,
    "decoder_widths": [32, 16, 16],
    "beta": 0.01,
    "components": 3,
    "learning_rate": 3e-3,
    "batch_size": 16,
}
CPU = torch.device("cpu")
SETTINGS = settings("o2vae", step_degrees=5, **SMALL)
N = 60


def objects(n=N):
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(n) % 5]
    return pd.DataFrame({"id": [f"c{i}" for i in range(n)], "split": split})
