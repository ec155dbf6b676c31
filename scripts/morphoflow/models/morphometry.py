"""Baseline ``morphometry``: the morphometrics themselves, standardised."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.scaling import fit_standard, train_rows
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of ``samples.x`` (n, d) on the training objects."""
    mean, weight = fit_standard(np.asarray(samples.x)[train_rows(objects)])
    state = {"mean": torch.from_numpy(mean), "weight": torch.from_numpy(weight)}
    return {"names": list(samples.names)}, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised features (n, d) float32; 0 for those that were constant in training."""
    if list(samples.names) != model.facts["names"]:
        differ = sorted(set(samples.names) ^ set(model.facts["names"])) or "their order"
        raise InputError(
            f"the samples have other morphometrics than the model was fitted on ({differ}); "
            "measure the neurons anew, or fit the model anew."
        )
    x = torch.from_numpy(np.asarray(samples.x)).to(torch.float64)
    return ((x - model.state["mean"]) * model.state["weight"]).to(torch.float32).numpy()
