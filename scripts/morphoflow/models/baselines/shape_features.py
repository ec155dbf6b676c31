"""Baseline ``shape_features``: the shape and intensity features themselves, standardised."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import columns, fit_scaling, fitted_columns, scaled
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of ``samples.x`` (n, d) on the training objects.

    The setting ``groups`` names what the features' names begin with that are used.
    """
    names = [name for name in samples.names if name.split("_")[0] in settings["groups"]]
    if not names:
        groups = sorted({name.split("_")[0] for name in samples.names})
        raise InputError(
            f"no feature is of the groups {settings['groups']}; the samples have {groups}: set "
            "'groups' to some of these."
        )
    return {"names": names}, fit_scaling(columns(samples, names)[train_rows(objects)])


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised features (n, d) float32; 0 for those that were constant in training."""
    remedy = "give the crops the same channels and a pixel size if the others had one"
    return scaled(model, fitted_columns(model, samples, remedy))
