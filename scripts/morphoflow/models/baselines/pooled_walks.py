"""Baseline ``pooled_walks``: the largest coordinates of a neuron's walks, nothing being learned."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import fit_scaling, scaled
from morphoflow.store import Samples

BLOCK = 256


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit mean and standard deviation of the pooled walks of the training neurons.

    ``samples.x`` is (n, walks, steps, 3) with ``length`` (n, walks).
    """
    return {"steps": samples.x.shape[2]}, fit_scaling(_all_pooled(samples)[train_rows(objects)])


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised coordinates (n, steps * 3) float32; 0 where training had one value alone."""
    steps, expected = samples.x.shape[2], model.facts["steps"]
    if steps != expected:
        raise InputError(
            f"the walks have {steps} steps and the model was fitted on {expected}; "
            "sample them with the same steps, or fit the model anew."
        )
    return scaled(model, _all_pooled(samples))


def pool(x: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The largest x, y and z at each step over the walks that get there, (n, steps * 3).

    ``x`` (n, walks, steps, 3) are coordinates relative to the soma, ``length`` (n, walks) the
    nodes of each walk, whatever stands beyond them. A step that no walk reaches has the soma's
    coordinates, 0. MorphVAE was compared with this maximum (Laturnus and Berens, ICML 2021).
    """
    reached = np.arange(x.shape[2]) < length[:, :, None]
    largest = np.where(reached[..., None], x, -np.inf).max(axis=1)
    return np.where(reached.any(axis=1)[..., None], largest, 0).reshape(len(x), -1)


def _all_pooled(samples: Samples) -> np.ndarray:
    """The pooled walks of all neurons, read in pieces that fit into memory."""
    starts = range(0, len(samples.ids), BLOCK)
    parts = [slice(begin, begin + BLOCK) for begin in starts]
    return np.concatenate([pool(samples.x[part], samples.length[part]) for part in parts])
