"""Baseline ``persistence``: principal components of persistence images of the barcodes."""

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtr

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import fit_components, scores
from morphoflow.store import Samples

# Standard deviations of the Gaussian that the grid reaches beyond the training neurons' bars.
MARGIN = 3


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit the extent of the images and their components on the training neurons.

    ``samples.x`` is (n, bars, d) with ``length`` (n,) and the names of distances in um. Settings:
    ``filtration``, the distance that is used; ``bins``, the pixels along a side; ``sigma``, the
    width of the Gaussian as a share of the largest training distance; ``power``, of a bar's length,
    its weight; ``variance``, the share that the components reach, 1 for all.
    """
    train = train_rows(objects)
    bars = _bars(samples, settings["filtration"])
    reach = max((float(bars[row].max(initial=0)) for row in train), default=0.0)
    if not reach > 0:
        raise InputError(
            f"none of the {len(train)} training neurons has a branch that leaves the soma; check "
            "the neurons, or choose another baseline."
        )
    sigma = settings["sigma"] * reach
    extent = [-MARGIN * sigma, reach + MARGIN * sigma]
    facts = {"extent_um": extent, "sigma_um": sigma}
    images = _images(bars, settings, facts)[train]
    explained, state = fit_components(images, settings["variance"])
    return facts | explained, state


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The scores (n, components) float32 of the images."""
    images = _images(_bars(samples, model.settings["filtration"]), model.settings, model.facts)
    return scores(model, images).astype(np.float32)


def persistence_image(
    bars: np.ndarray, *, extent: tuple[float, float], bins: int, sigma: float, power: float
) -> np.ndarray:
    """The persistence image (bins, bins) of bars (m, 2), after Adams et al., JMLR 18, 2017.

    Rows are distances of the starts, columns of the tips, both over ``extent``. A bar is a
    Gaussian of width ``sigma`` > 0 whose integral is the bar's length to this power, 1 for 0; a
    pixel has the integral over its area, so that the image sums to the weight of the bars inside.
    """
    edges = np.linspace(*extent, bins + 1)
    mass = np.diff(ndtr((edges - bars[..., None].astype(np.float64)) / sigma))
    weight = np.abs(bars[:, 1] - bars[:, 0]).astype(np.float64) ** power
    return (mass[:, 0] * weight[:, None]).T @ mass[:, 1]


def _images(bars: list[np.ndarray], settings: dict, facts: dict) -> np.ndarray:
    """The flattened images (n, bins * bins)."""
    shape = {"bins": settings["bins"], "power": settings["power"]}
    grid = {"extent": facts["extent_um"], "sigma": facts["sigma_um"]}
    return np.stack([persistence_image(of, **shape, **grid).ravel() for of in bars])


def _bars(samples: Samples, filtration: str) -> list[np.ndarray]:
    """Start and tip of each neuron's bars, n arrays (m, 2)."""
    columns = [samples.names.index(f"{filtration}_{end}_um") for end in ("start", "tip")]
    x = np.asarray(samples.x)[..., columns]
    return [bars[:m] for bars, m in zip(x, samples.length, strict=True)]
