"""Baseline ``density``: principal components of smoothed density maps in 1, 2 or 3 dimensions."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import fit_components, scores
from morphoflow.store import Samples

BLOCK = 256


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the components on the maps of the training objects.

    ``samples.x`` is (n, bins, bins, bins). Settings: ``axes``, those that the map keeps, such as
    "xz", the others being summed over; ``sigma``, the width of the Gaussian in voxels;
    ``variance``, the share that the components reach, 1 for all.
    """
    axes, sigma = settings["axes"], settings["sigma"]
    train = train_rows(objects)
    maps = np.concatenate([flat_maps(x, axes, sigma) for x in _blocks(samples)])[train]
    facts = {"axes": axes, "sigma": sigma, "shape": list(samples.x.shape[1:])}
    explained, state = fit_components(maps, settings["variance"])
    return facts | explained, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scores (n, components) float32 of the maps."""
    shape, expected = list(samples.x.shape[1:]), model.facts["shape"]
    if shape != expected:
        raise InputError(
            f"the density maps have {shape} voxels and the model was fitted on {expected}; "
            "make them with the same bins, or fit the model anew."
        )
    axes, sigma = model.facts["axes"], model.facts["sigma"]
    parts = [scores(model, flat_maps(x, axes, sigma)) for x in _blocks(samples)]
    return np.concatenate(parts).astype(np.float32)


def flat_maps(x: np.ndarray, axes: str, sigma: float) -> np.ndarray:
    """Project, smooth and flatten maps (n, bins, bins, bins) to (n, bins ** len(axes)) float64.

    Each map sums to 1, so that it tells where cable is and not how much; a map without any cable
    stays 0. What the Gaussian carries over the border is lost before that.
    """
    summed = tuple(1 + k for k, axis in enumerate("xyz") if axis not in axes)
    maps = x.sum(axis=summed, dtype=np.float64)
    smooth = gaussian_filter(maps, (0, *[sigma] * len(axes)), mode="constant")
    flat = smooth.reshape(len(smooth), -1)
    mass = flat.sum(axis=1, keepdims=True)
    return flat / np.where(mass > 0, mass, 1.0)


def _blocks(samples: Samples) -> Iterator[np.ndarray]:
    """The maps in pieces that fit into memory."""
    for begin in range(0, len(samples.ids), BLOCK):
        yield samples.x[begin : begin + BLOCK]
