"""Baseline ``nblast``: landmark scaling of how unlike neurons are by NBLAST.

NBLAST (Costa et al., Neuron 91, 2016) is that of the optional package navis (GPL-3), which is
called and not copied.
"""

from types import ModuleType

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.baselines.landmarks import (
    coordinates,
    draw_landmarks,
    landmark_points,
    scale_landmarks,
)
from morphoflow.store import Samples

# Points from whose spread the direction of the cable at each is taken, itself among them.
NEAREST = 5


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Draw the landmarks among the training neurons and scale the distances between them.

    ``samples.x`` is (n, points, 3) um, points along the cable. Settings: ``landmarks``, how many
    at most; ``variance``, the share of the scaled distances that the coordinates keep, 1 for all;
    ``scale``, by which neurons are shrunk to the size of those that NBLAST was made for.
    """
    points = draw_landmarks(samples, objects, settings, seed)
    distance = nblast_distances(points, points, settings["scale"])
    return scale_landmarks(points, distance, settings["variance"])


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The coordinates (n, components) float32, without unit."""
    landmarks = landmark_points(model, samples)
    distance = nblast_distances(samples.x[:], landmarks, model.settings["scale"])
    return coordinates(model, distance)


def nblast_distances(points: np.ndarray, others: np.ndarray, scale: float) -> np.ndarray:
    """How unlike neurons with ``points`` (n, k, 3) um are to ``others`` (m, k, 3), (n, m).

    It is 1 less the mean of both normalised scores, so that a neuron has 0 with itself.
    """
    navis = _navis()
    sets = (
        navis.NeuronList(
            [
                navis.Dotprops(
                    xyz.astype(np.float64) / scale, k=NEAREST, units="um", id=f"{kind}{i}"
                )
                for i, xyz in enumerate(each)
            ]
        )
        for kind, each in (("query", points), ("target", others))
    )
    score = navis.nblast(*sets, scores="mean", normalized=True, n_cores=1, progress=False)
    return np.maximum(1.0 - score.to_numpy(dtype=np.float64), 0.0)


def _navis() -> ModuleType:
    try:
        import navis
    except ImportError:
        raise InputError(
            "NBLAST needs the package navis, which is not installed; call `pip install navis`."
        ) from None
    return navis
