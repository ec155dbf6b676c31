"""Baseline ``features``: physical measures of organelles, of which chosen groups are scaled."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import columns, fit_scaling, fitted_columns, scaled
from morphoflow.organelles.shapes.measures import GROUPS, SKEWED
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the scaling of ``samples.x`` (n, d) on the training objects.

    Sizes and counts become log(1 + x / m), m the median of their positive training values, so
    that objects are compared by ratio and 0 stays possible; then each feature is standardised.
    What is missing takes no part in this.
    """
    wanted = [name for group in settings["groups"] for name in GROUPS[group]]
    names = [name for name in wanted if name in samples.names]
    if not names:
        raise InputError(
            f"the samples have no feature of the groups {settings['groups']}; choose others, or "
            "give the dataset what they are measured on (`em` for intensity) or by "
            "(`legacy_measures: true` for legacy)."
        )
    rows = columns(samples, names)[train_rows(objects)]
    median = np.array([_scale(n, c) for n, c in zip(names, rows.T, strict=True)])
    state = {"median": torch.from_numpy(median), **fit_scaling(_tamed(rows, median))}
    return {"names": names}, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scaled features (n, d) float32; 0, the training objects' mean, for what is missing.

    0 also for those that were constant in training.
    """
    x = fitted_columns(model, samples, "measure them anew")
    return np.nan_to_num(scaled(model, _tamed(x, model.state["median"].numpy())))


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
