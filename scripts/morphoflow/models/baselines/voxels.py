"""Baseline ``voxels``: principal components of objects' masks, in whatever pose they are cut."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from skimage.measure import block_reduce

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import fit_components, scores
from morphoflow.models.volume_vae.data import CHANNELS, READ, check_volumes
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the components on the volumes ``samples.x`` (n, 2, s, s, s) of the training objects.

    Settings: ``side``, to how many voxels an edge is averaged, and ``components``, at most.
    """
    facts = {"size": check_volumes(samples), "side": settings["side"]}
    x = np.concatenate(list(_coarse_masks(samples, settings["side"])))[train_rows(objects)]
    found, state = fit_components(x, 1.0)
    most = settings["components"]
    found["explained_variance"] = found["explained_variance"][:most]
    return facts | found, state | {"components": state["components"][:most]}


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scores (n, components) float32 of the volumes."""
    size = check_volumes(samples)
    if size != model.facts["size"]:
        raise InputError(
            f"the volumes have {size} voxels along an edge and the model was fitted on "
            f"{model.facts['size']}; cut volumes of that size, or fit the model anew."
        )
    parts = [scores(model, x) for x in _coarse_masks(samples, model.facts["side"])]
    return np.concatenate(parts).astype(np.float32)


def _coarse_masks(samples: Samples, side: int) -> Iterator[np.ndarray]:
    """Masks (m, side^3) from 0 to 1 of some samples at a time, means over blocks of voxels."""
    place = CHANNELS.index("mask")
    step = -(-samples.x.shape[-1] // side)
    for first in range(0, len(samples.ids), READ):
        masks = np.asarray(samples.x[first : first + READ])[:, place]
        coarse = block_reduce(masks, (1, step, step, step), np.mean)
        yield coarse.reshape(len(masks), -1) / 255
