"""Baseline ``features``: physical measures of organelles, of which chosen groups are scaled."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import fit_standard, train_rows
from morphoflow.model import Model
from morphoflow.organelles.shapes.measures import GROUPS, SKEWED
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the scaling of ``samples.x`` (n, d) on the training objects.

    Sizes and counts become log(1 + x / m), m the median of their positive training values, so
    that objects are compared by ratio and 0 stays possible; then each feature is standardised.
    """
    wanted = [name for group in settings["groups"] for name in GROUPS[group]]
    names = [name for name in wanted if name in samples.names]
    if not names:
        raise InputError(
            f"the samples have no feature of the groups {settings['groups']}; choose others, or "
            "give the dataset what they are measured on (`em` for intensity) or by "
            "(`legacy_measures: true` for legacy)."
        )
    rows = _columns(samples, names)[train_rows(objects)]
    median = np.array([_scale(n, c) for n, c in zip(names, rows.T, strict=True)])
    mean, weight = fit_standard(_tamed(rows, median))
    state = {"median": median, "mean": mean, "weight": weight}
    return {"names": names}, {name: torch.from_numpy(values) for name, values in state.items()}


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scaled features (n, d) float32; 0 for those that were constant in training."""
    if missing := sorted(set(model.facts["names"]) - set(samples.names)):
        raise InputError(
            f"the samples lack features that the model was fitted on ({', '.join(missing)}); "
            "measure them anew, or fit the model anew."
        )
    median, mean, weight = (model.state[key].numpy() for key in ("median", "mean", "weight"))
    x = _tamed(_columns(samples, model.facts["names"]), median)
    return ((x - mean) * weight).astype(np.float32)


def _columns(samples: Samples, names: list[str]) -> np.ndarray:
    """The features of these names, (n, d) float64."""
    x = np.asarray(samples.x, dtype=np.float64)
    return x[:, [samples.names.index(name) for name in names]]


def _scale(name: str, values: np.ndarray) -> float:
    """The median of a skewed feature's positive values, 1 if there is none; 0 if not skewed."""
    if name not in SKEWED:
        return 0.0
    positive = values[values > 0]
    return float(np.median(positive)) if len(positive) else 1.0


def _tamed(x: np.ndarray, median: np.ndarray) -> np.ndarray:
    """The features (n, d), logarithmic where they have a median to be compared with."""
    skewed = median > 0
    return np.where(skewed, np.log1p(np.abs(x) / np.where(skewed, median, 1.0)), x)
