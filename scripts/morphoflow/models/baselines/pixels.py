"""Baseline ``pixels``: principal components of the pixels, as they lie."""

import numpy as np
import pandas as pd
import torch

from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import check_crops, fit_components, scores
from morphoflow.store import Samples

BLOCK = 1024


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the components on the crops ``samples.x`` (n, c, h, w) of the training objects.

    Setting: ``variance``, the share that the components reach, 1 for all.
    """
    x = np.asarray(samples.x)[train_rows(objects)]
    facts, state = fit_components(x.reshape(len(x), -1), settings["variance"])
    return {"shape": list(samples.x.shape[1:]), **facts}, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scores (n, components) float32 of the crops."""
    check_crops(model, samples)
    starts = range(0, len(samples.ids), BLOCK)
    parts = (np.asarray(samples.x[begin : begin + BLOCK]) for begin in starts)
    return np.concatenate([scores(model, x.reshape(len(x), -1)) for x in parts]).astype(np.float32)
