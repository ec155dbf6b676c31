"""The linear maps that baselines fit, and the samples that they take: named columns, crops."""

import numpy as np
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.fitting import fit_pca, fit_standard
from morphoflow.model import Model
from morphoflow.store import Samples


def fit_scaling(x: np.ndarray) -> dict[str, Tensor]:
    """The state of :func:`scaled`, fitted on rows ``x`` (m, d)."""
    mean, weight = fit_standard(x)
    return {"mean": torch.from_numpy(mean), "weight": torch.from_numpy(weight)}


def scaled(model: Model, x: np.ndarray) -> np.ndarray:
    """The rows ``x`` (n, d) standardised, float32; 0 for those that were constant in training."""
    mean, weight = model.state["mean"].numpy(), model.state["weight"].numpy()
    return ((x - mean) * weight).astype(np.float32)


def fit_components(x: np.ndarray, variance: float) -> tuple[dict, dict[str, Tensor]]:
    """Facts (``explained_variance``) and state of :func:`scores`, fitted on rows ``x`` (m, d)."""
    mean, components, share = fit_pca(x, variance)
    state = {"mean": torch.from_numpy(mean), "components": torch.from_numpy(components)}
    return {"explained_variance": share.tolist()}, state


def scores(model: Model, x: np.ndarray) -> np.ndarray:
    """The scores (n, components) float64 of rows ``x`` (n, d)."""
    mean, components = model.state["mean"].numpy(), model.state["components"].numpy()
    return (x - mean) @ components.T


def columns(samples: Samples, names: list[str]) -> np.ndarray:
    """The features of these names, (n, d) float64."""
    x = np.asarray(samples.x, dtype=np.float64)
    return x[:, [samples.names.index(name) for name in names]]


def fitted_columns(model: Model, samples: Samples, remedy: str) -> np.ndarray:
    """The features that a model was fitted on, (n, d) float64.

    Raises InputError with a ``remedy`` where the samples lack one.
    """
    if missing := sorted(set(model.facts["names"]) - set(samples.names)):
        raise InputError(
            f"the samples lack features that the model was fitted on ({', '.join(missing)}); "
            f"{remedy}, or fit the model anew."
        )
    return columns(samples, model.facts["names"])


def check_crops(model: Model, samples: Samples) -> None:
    """Raise InputError unless the crops (n, c, h, w) are as those that a model was fitted on."""
    shape, expected = list(samples.x.shape[1:]), model.facts["shape"]
    if shape != expected:
        raise InputError(
            f"the crops have the shape {shape} (channels, height, width) and the model was fitted "
            f"on {expected}; make them alike, or fit the model anew."
        )
