"""Model ``volume_vae``: a variational autoencoder of objects' volumes, EM and mask.

It takes the place of the published one (github.com/frommwonderland/EManalysis, model ``Vae``),
whose decoder sees the encoder's maps and whose latent therefore says nothing of the shape.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.model import Model
from morphoflow.models.volume_data import (
    check_volumes,
    read_volumes,
    split_rows,
    volume_batches,
)
from morphoflow.models.volume_vae_learner import (
    BATCH,
    VolumeVAELearner,
    inputs_and_mask,
    needed_channels,
)
from morphoflow.models.volume_vae_losses import weighted_error
from morphoflow.models.volume_vae_network import VolumeVAE, load
from morphoflow.models.volume_vae_shapes import decode_pictures, reconstruct_pictures
from morphoflow.store import Samples
from morphoflow.training.progress import note
from morphoflow.training.seeds import torch_generator

__all__ = [
    "build",
    "decode_pictures",
    "embed",
    "embed_with_uncertainty",
    "load",
    "reconstruct_pictures",
]


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> VolumeVAELearner:
    """Make a network and its data ready for training, and say what trivial volumes score.

    ``samples.x`` is (n, 2, size, size, size) uint8, EM and mask. Labels are not used.
    """
    size = check_volumes(samples)
    rows = [split_rows(objects, split) for split in ("train", "validation")]
    generator = torch_generator(seed, "initialisation")
    network = VolumeVAE(len(settings["channels"]), size, settings, generator).to(device)
    parts = [read_volumes(samples, each, needed_channels(settings), device) for each in rows]
    learner = VolumeVAELearner(network, *parts, settings, {"size": size})
    zero, mean = learner.baselines.values()
    note(f"on the validation volumes an empty volume scores {zero:.0f}, the mean one {mean:.0f}")
    return learner


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The volumes (n, latent_size) float32: the means of their posteriors; nothing is drawn."""
    network, settings = load(model, device), model.settings
    means = [
        network.encode(inputs_and_mask(volumes, settings)[0]).mean.cpu()
        for volumes in _batches(model, samples, device)
    ]
    return torch.cat(means).numpy()


def embed_with_uncertainty(
    model: Model, samples: Samples, device: torch.device
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The embedding as by :func:`embed`, and how sure the model is of each volume, (n,) float32.

    ``posterior_sd`` is the root mean square, over the latent's dimensions, of the posterior's
    standard deviation; ``reconstruction_error`` that of the decoded mean's :func:`weighted_error`.
    """
    network, settings = load(model, device), model.settings
    means, spreads, errors = [], [], []
    for volumes in _batches(model, samples, device):
        x, mask = inputs_and_mask(volumes, settings)
        posterior = network.encode(x)
        decoded = torch.sigmoid(network.decode(posterior.mean))
        means.append(posterior.mean.cpu())
        spreads.append(posterior.log_variance.exp().mean(1).sqrt().cpu())
        errors.append(weighted_error(decoded, x, mask, settings).cpu())
    columns = {"posterior_sd": spreads, "reconstruction_error": errors}
    found = {name: torch.cat(values).numpy() for name, values in columns.items()}
    return torch.cat(means).numpy(), found


def _batches(model: Model, samples: Samples, device: torch.device) -> Iterator[Tensor]:
    channels, size = needed_channels(model.settings), model.facts["size"]
    return volume_batches(samples, channels, size, device, BATCH)
