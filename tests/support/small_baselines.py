"""Fitting baselines to small samples, and neurons for them."""

import numpy as np
import pandas as pd
import torch

from model_settings import model_of
from morphoflow.forest import Forest, concatenate
from morphoflow.model import Model
from synthetic_neurons import random_binary_tree

CPU = torch.device("cpu")


def objects(n: int, n_train: int) -> pd.DataFrame:
    """The table of ``n`` objects, of which the first ``n_train`` are for training."""
    split = np.where(np.arange(n) < n_train, "train", "test")
    return pd.DataFrame({"id": [f"o{k}" for k in range(n)], "label": None, "split": split})


def fitted(module, samples, n_train: int, chosen: dict) -> Model:
    """A baseline, fitted on the first ``n_train`` of some samples."""
    facts, state = module.fit(samples, objects(len(samples.ids), n_train), chosen, 0)
    return model_of(module.__name__.rpartition(".")[2], chosen, facts, state)


def forest(n: int = 12, seed: int = 0) -> Forest:
    rng = np.random.default_rng(seed)
    neurons = [
        random_binary_tree(rng, int(rng.integers(3, 20)), identifier=f"n{k}") for k in range(n)
    ]
    return concatenate(neurons)
