"""Baseline ``topological_synthesis``: statistics of barcodes, and neurons grown from barcodes.

After Kanari et al., Cell Reports 39:110586, 2022: the topology of each stem is a barcode of a real
one, and stems and branch points have the directions of real ones. Here bars lie along the cable,
and what a bar leaves is drawn from a fitted model of choice instead of as the growth has it.
"""

import numpy as np
import pandas as pd
import torch

from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.baselines.linear import fit_scaling, scaled
from morphoflow.models.topological_synthesis.barcode import fit_choice
from morphoflow.models.topological_synthesis.pool import Pool
from morphoflow.neurons.samples.sections import section_table
from morphoflow.store import Samples

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def fit(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Fit how bars choose what they leave, and the scales of the statistics, to training neurons.

    ``samples.x`` (n, sections, features) with ``length`` (n,) are those of ``sections``.
    """
    train = train_rows(objects)
    x, length = np.asarray(samples.x)[train], np.asarray(samples.length)[train]
    pool = Pool.of(section_table(x, length))
    stems = [_renumbered(pool, stem) for stem in np.flatnonzero(pool.parent < 0)]
    weight = fit_choice(stems)
    state = fit_scaling(barcode_statistics(pool, len(train)))
    return {}, state | {"choice": torch.from_numpy(weight)}


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The standardised statistics (n, 17) float32; turning a neuron changes none of them."""
    table = section_table(np.asarray(samples.x), np.asarray(samples.length))
    return scaled(model, barcode_statistics(Pool.of(table), len(samples.ids)))


def barcode_statistics(pool: Pool, n: int) -> np.ndarray:
    """Numbers of stems and bars (log), and quantiles of births, deaths and lengths (log), (n, 17).

    Bars lie along the cable; all is 0 for a neuron without cable.
    """
    neuron = pool.neuron[pool.stem]
    stems = np.bincount(neuron[pool.host < 0], minlength=n)
    counts = np.log1p(np.stack([stems, np.bincount(neuron, minlength=n)], axis=1))
    values = np.log1p(np.stack([pool.birth, pool.death, pool.death - pool.birth], axis=1))
    spread = np.zeros((n, len(QUANTILES) * values.shape[1]))
    frame = pd.DataFrame(values).groupby(neuron).quantile(QUANTILES)
    for row, own in frame.groupby(level=0):
        spread[row] = own.to_numpy().ravel()
    return np.concatenate([counts, spread], axis=1)


def _renumbered(pool: Pool, stem: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Birth, death and host of the bars of a stem, in the order of their births."""
    bars = pool.bars_of(stem)
    place = np.full(len(pool.birth), -1)
    place[bars] = np.arange(len(bars))
    host = pool.host[bars]
    return pool.birth[bars], pool.death[bars], np.where(host < 0, -1, place[host])
