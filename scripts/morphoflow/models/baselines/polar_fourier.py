"""Baseline ``polar_fourier``: how often intensities repeat around rings, whatever their phase."""

import numpy as np
import pandas as pd
import torch

from morphoflow.fitting import train_rows
from morphoflow.images.polar import PolarGrid
from morphoflow.model import Model
from morphoflow.models.baselines.linear import check_crops, fit_components, scores
from morphoflow.store import Samples

BLOCK, SIGMA_PX = 256, 0.7


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit principal components of the magnitudes of the training crops ``samples.x`` (n, c, h, w).

    Settings: ``rings``, ``frequencies``, the number of repeats per turn from 0 on, and
    ``variance``, the share that the components reach, 1 for all.
    """
    facts = {name: settings[name] for name in ("rings", "frequencies")}
    facts["shape"] = list(samples.x.shape[1:])
    values = _all_magnitudes(samples, facts, torch.device("cpu"))
    explained, state = fit_components(values[train_rows(objects)], settings["variance"])
    return facts | explained, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scores (n, components) float32 of the crops' magnitudes."""
    check_crops(model, samples)
    return scores(model, _all_magnitudes(samples, model.facts, device)).astype(np.float32)


def magnitudes(x: torch.Tensor, grid: PolarGrid, frequencies: int) -> torch.Tensor:
    """Magnitudes (n, c * rings * frequencies) of the Fourier coefficients around rings.

    ``x`` is (n, c, size, size). A turn of the crop shifts the phases and a flip mirrors them, and
    magnitudes know neither. They are weighed by the root of the ring's radius, so that their
    squares add up as areas do.
    """
    around = torch.fft.rfft(grid(x), dim=-1).abs()[..., :frequencies] / grid.n_angles
    return (around * grid.radii.sqrt()[:, None]).flatten(1)


def _all_magnitudes(samples: Samples, facts: dict, device: torch.device) -> np.ndarray:
    # Four angles per frequency leave room for those that a ring's corners would alias to.
    n_angles = 4 * facts["frequencies"]
    grid = PolarGrid(facts["shape"][-1], facts["rings"], n_angles, sigma=SIGMA_PX).to(device)
    pieces = []
    for begin in range(0, len(samples.ids), BLOCK):
        x = torch.from_numpy(np.asarray(samples.x[begin : begin + BLOCK])).to(device)
        pieces.append(magnitudes(x, grid, facts["frequencies"]).cpu().numpy())
    return np.concatenate(pieces).astype(np.float64)
