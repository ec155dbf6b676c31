"""Baseline ``arbor_statistics``: chosen groups of the arbor's statistics, standardised."""

import numpy as np
import pandas as pd
import torch

from morphoflow.dendrites.arbors.arbors import GROUPS
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import columns, fit_scaling, fitted_columns, scaled
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of ``samples.x`` (n, d) on the training objects.

    The setting ``groups`` names the groups of statistics that are used, whatever their unit.
    """
    stems = tuple(stem for group in settings["groups"] for stem in GROUPS[group])
    names = [name for name in samples.names if name.startswith(stems)]
    return {"names": names}, fit_scaling(columns(samples, names)[train_rows(objects)])


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised statistics (n, d) float32; 0 for those that were constant in training."""
    remedy = "give the images a pixel size if the others had one"
    return scaled(model, fitted_columns(model, samples, remedy))
