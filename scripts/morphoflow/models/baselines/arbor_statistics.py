"""Baseline ``arbor_statistics``: chosen groups of the arbor's statistics, standardised."""

import numpy as np
import pandas as pd
import torch

from morphoflow.dendrites.arbors.arbors import GROUPS
from morphoflow.errors import InputError
from morphoflow.fitting import fit_standard, train_rows
from morphoflow.model import Model
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of ``samples.x`` (n, d) on the training objects.

    The setting ``groups`` names the groups of statistics that are used, whatever their unit.
    """
    stems = tuple(stem for group in settings["groups"] for stem in GROUPS[group])
    names = [name for name in samples.names if name.startswith(stems)]
    mean, weight = fit_standard(_columns(samples, names)[train_rows(objects)])
    return {"names": names}, {"mean": torch.from_numpy(mean), "weight": torch.from_numpy(weight)}


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised statistics (n, d) float32; 0 for those that were constant in training."""
    if missing := sorted(set(model.facts["names"]) - set(samples.names)):
        raise InputError(
            f"the samples lack statistics that the model was fitted on ({', '.join(missing)}); "
            "give the images a pixel size if the others had one, or fit the model anew."
        )
    mean, weight = model.state["mean"].numpy(), model.state["weight"].numpy()
    return ((_columns(samples, model.facts["names"]) - mean) * weight).astype(np.float32)


def _columns(samples: Samples, names: list[str]) -> np.ndarray:
    """The statistics of these names, (n, d) float64."""
    x = np.asarray(samples.x, dtype=np.float64)
    return x[:, [samples.names.index(name) for name in names]]
