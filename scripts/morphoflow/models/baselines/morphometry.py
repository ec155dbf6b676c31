"""Baseline ``morphometry``: the morphometrics themselves, or some of them, standardised."""

from difflib import get_close_matches

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import fit_standard, train_rows
from morphoflow.model import Model
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of ``samples.x`` (n, d) on the training objects.

    The setting ``measures`` names the features that are used; without it, all are.
    """
    mean, weight = fit_standard(_columns(samples, settings)[train_rows(objects)])
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
    x = torch.from_numpy(_columns(samples, model.settings)).to(torch.float64)
    return ((x - model.state["mean"]) * model.state["weight"]).to(torch.float32).numpy()


def _columns(samples: Samples, settings: dict) -> np.ndarray:
    """The features that the settings name, (n, d), in the order of the settings."""
    names = list(samples.names)
    measures = settings.get("measures") or names
    for measure in measures:
        if measure not in names:
            near = get_close_matches(measure, names, cutoff=0.5)
            raise InputError(
                f"there is no morphometric '{measure}'; set 'measures' to names such as "
                f"{', '.join(near or names)}."
            )
    return np.take(np.asarray(samples.x), [names.index(measure) for measure in measures], axis=1)
