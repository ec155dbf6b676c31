"""Baseline ``gromov_wasserstein``: landmark scaling of Gromov-Wasserstein distances."""

import numpy as np
import pandas as pd
import torch

from morphoflow.model import Model
from morphoflow.models.baselines.landmarks import (
    coordinates,
    draw_landmarks,
    landmark_points,
    scale_landmarks,
)
from morphoflow.neurons.samples.distances import distances_to, gromov_wasserstein, inner_distances
from morphoflow.store import Samples


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Draw the landmarks among the training neurons and scale the distances between them.

    ``samples.x`` is (n, points, 3) um, points along the cable. Settings: ``landmarks``, how many
    at most; ``variance``, the share of the scaled distances that the coordinates keep, 1 for all.
    """
    points = draw_landmarks(samples, objects, settings, seed)
    distance = gromov_wasserstein(inner_distances(points))
    return scale_landmarks(points, distance, settings["variance"])


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The coordinates (n, components) float32 in um."""
    landmarks = landmark_points(model, samples)
    distance = distances_to(inner_distances(samples.x[:]), inner_distances(landmarks))
    return coordinates(model, distance)
