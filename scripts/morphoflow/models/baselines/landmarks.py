"""Landmark multidimensional scaling (de Silva and Tenenbaum, Stanford technical report, 2004).

Only distances to some training neurons are needed, so that the cost grows with the number of
neurons and not with that of pairs.
"""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.store import Samples


def draw_landmarks(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> np.ndarray:
    """The points (m, points, 3) of at most ``landmarks`` training neurons, drawn at random."""
    chosen = np.random.default_rng(seed).permutation(train_rows(objects))[: settings["landmarks"]]
    return np.stack([samples.x[int(row)] for row in np.sort(chosen)])


def scale_landmarks(
    points: np.ndarray, distance: np.ndarray, variance: float
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Facts and state of a model: landmarks with ``points`` (m, points, 3), ``distance`` (m, m).

    ``variance`` is the share of the scaled distances that the coordinates keep, 1 for all. Raises
    InputError where all landmarks are in one place.
    """
    squared = distance**2
    centred = squared - squared.mean(axis=0)
    value, vector = np.linalg.eigh(-0.5 * (centred - centred.mean(axis=1, keepdims=True)))
    value, vector = value[::-1], vector[:, ::-1]
    positive = np.where(value > 1e-9 * np.abs(value).max(initial=0), value, 0.0)
    if not positive.any():
        raise InputError("all landmarks are the same neuron; give the training split others, too.")
    share = np.cumsum(positive) / positive.sum()
    kept = min(int(np.searchsorted(share, variance)) + 1, np.count_nonzero(positive))
    projection = vector[:, :kept] / np.sqrt(value[:kept])
    state = {"points": points, "mean_squared": squared.mean(axis=0), "projection": projection}
    tensors = {name: torch.from_numpy(values.astype(np.float32)) for name, values in state.items()}
    return {"components": kept}, tensors


def landmark_points(model: Model, samples: Samples) -> np.ndarray:
    """The points (m, points, 3) of a model's landmarks; InputError if samples have not as many."""
    points = model.state["points"].numpy().astype(np.float64)
    if samples.x.shape[1:] != points.shape[1:]:
        raise InputError(
            f"the neurons have {samples.x.shape[1]} points and the landmarks {points.shape[1]}; "
            "place as many, or fit the model anew."
        )
    return points


def coordinates(model: Model, distance: np.ndarray) -> np.ndarray:
    """Coordinates (n, components) float32 of neurons with ``distance`` (n, m) to the landmarks."""
    mean, projection = (
        model.state[name].numpy().astype(np.float64) for name in ("mean_squared", "projection")
    )
    return (-0.5 * (distance**2 - mean) @ projection).astype(np.float32)
