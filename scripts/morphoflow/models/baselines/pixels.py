"""Baseline ``pixels``: principal components of the pixels, as they lie."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import fit_pca, train_rows
from morphoflow.model import Model
from morphoflow.store import Samples

BLOCK = 1024


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the components on the crops ``samples.x`` (n, c, h, w) of the training objects.

    Setting: ``variance``, the share that the components reach, 1 for all.
    """
    x = np.asarray(samples.x)[train_rows(objects)]
    mean, components, share = fit_pca(x.reshape(len(x), -1), settings["variance"])
    facts = {"shape": list(samples.x.shape[1:]), "explained_variance": share.tolist()}
    return facts, {"mean": torch.from_numpy(mean), "components": torch.from_numpy(components)}


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scores (n, components) float32 of the crops."""
    shape, expected = list(samples.x.shape[1:]), model.facts["shape"]
    if shape != expected:
        raise InputError(
            f"the crops have the shape {shape} (channels, height, width) and the model was fitted "
            f"on {expected}; make them alike, or fit the model anew."
        )
    mean, components = model.state["mean"].numpy(), model.state["components"].numpy()
    scores = []
    for begin in range(0, len(samples.ids), BLOCK):
        x = np.asarray(samples.x[begin : begin + BLOCK])
        scores.append((x.reshape(len(x), -1) - mean) @ components.T)
    return np.concatenate(scores).astype(np.float32)
