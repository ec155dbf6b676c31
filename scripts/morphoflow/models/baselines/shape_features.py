"""Baseline ``shape_features``: the shape and intensity features themselves, standardised."""

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

    The setting ``groups`` names what the features' names begin with that are used.
    """
    names = [name for name in samples.names if name.split("_")[0] in settings["groups"]]
    if not names:
        found = sorted({name.split("_")[0] for name in samples.names})
        raise InputError(
            f"no feature is of the groups {settings['groups']}; the samples have {found}: set "
            "'groups' to some of these."
        )
    mean, weight = fit_standard(_columns(samples, names)[train_rows(objects)])
    state = {"mean": torch.from_numpy(mean), "weight": torch.from_numpy(weight)}
    return {"names": names}, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised features (n, d) float32; 0 for those that were constant in training."""
    if missing := sorted(set(model.facts["names"]) - set(samples.names)):
        raise InputError(
            f"the samples lack features that the model was fitted on ({', '.join(missing)}); give "
            "the crops the same channels and a pixel size if the others had one, or fit anew."
        )
    x = torch.from_numpy(_columns(samples, model.facts["names"])).to(torch.float64)
    return ((x - model.state["mean"]) * model.state["weight"]).to(torch.float32).numpy()


def _columns(samples: Samples, names: list[str]) -> np.ndarray:
    """The features of these names, (n, d)."""
    return np.asarray(samples.x)[:, [samples.names.index(name) for name in names]]
