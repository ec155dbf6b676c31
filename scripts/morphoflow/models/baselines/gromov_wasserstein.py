"""Baseline ``gromov_wasserstein``: landmark scaling of Gromov-Wasserstein distances.

The coordinates are those of landmark multidimensional scaling (de Silva and Tenenbaum, Stanford
technical report, 2004): only distances to some training neurons are needed, so that the cost grows
with the number of neurons and not with that of pairs.
"""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.neurons.samples.distances import distances_to, gromov_wasserstein, inner_distances
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Draw the landmarks among the training neurons and scale the distances between them.

    ``samples.x`` is (n, points, 3) um, points along the cable. Settings: ``landmarks``, how many
    at most; ``variance``, the share of the scaled distances that the coordinates keep, 1 for all.
    """
    train = train_rows(objects)
    chosen = np.random.default_rng(seed).permutation(train)[: settings["landmarks"]]
    points = np.stack([samples.x[int(row)] for row in np.sort(chosen)])
    squared = gromov_wasserstein(inner_distances(points)) ** 2
    centred = squared - squared.mean(axis=0)
    value, vector = np.linalg.eigh(-0.5 * (centred - centred.mean(axis=1, keepdims=True)))
    value, vector = value[::-1], vector[:, ::-1]
    positive = np.where(value > 1e-9 * np.abs(value).max(initial=0), value, 0.0)
    if not positive.any():
        raise InputError("all landmarks are the same neuron; give the training split others, too.")
    share = np.cumsum(positive) / positive.sum()
    kept = min(int(np.searchsorted(share, settings["variance"])) + 1, np.count_nonzero(positive))
    projection = vector[:, :kept] / np.sqrt(value[:kept])
    state = {"points": points, "mean_squared": squared.mean(axis=0), "projection": projection}
    tensors = {name: torch.from_numpy(values.astype(np.float32)) for name, values in state.items()}
    return {"components": kept}, tensors


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The coordinates (n, components) float32 in um."""
    landmarks, mean, projection = (
        model.state[name].numpy().astype(np.float64)
        for name in ("points", "mean_squared", "projection")
    )
    if samples.x.shape[1:] != landmarks.shape[1:]:
        raise InputError(
            f"the neurons have {samples.x.shape[1]} points and the landmarks "
            f"{landmarks.shape[1]}; place as many, or fit the model anew."
        )
    distance = distances_to(inner_distances(samples.x[:]), inner_distances(landmarks))
    return (-0.5 * (distance**2 - mean) @ projection).astype(np.float32)
