"""Baseline ``morphometry``: the morphometrics themselves, or some of them, standardised."""

from difflib import get_close_matches

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import columns, fit_scaling, scaled
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of ``samples.x`` (n, d) on the training objects.

    The setting ``measures`` names the features that are used; without it, all are.
    """
    names = _names(samples, settings)
    return {"names": list(samples.names)}, fit_scaling(columns(samples, names)[train_rows(objects)])


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised features (n, d) float32; 0 for those that were constant in training."""
    if list(samples.names) != model.facts["names"]:
        differ = sorted(set(samples.names) ^ set(model.facts["names"])) or "their order"
        raise InputError(
            f"the samples have other morphometrics than the model was fitted on ({differ}); "
            "measure the neurons anew, or fit the model anew."
        )
    return scaled(model, columns(samples, _names(samples, model.settings)))


def _names(samples: Samples, settings: dict) -> list[str]:
    """The features that the settings name, in their order, or all."""
    names = list(samples.names)
    measures = settings.get("measures") or names
    for measure in measures:
        if measure not in names:
            near = get_close_matches(measure, names, cutoff=0.5)
            raise InputError(
                f"there is no morphometric '{measure}'; set 'measures' to names such as "
                f"{', '.join(near or names)}."
            )
    return measures
