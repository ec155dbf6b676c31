"""Model ``volume_vae``: a variational autoencoder of objects' volumes, EM and mask.

It takes the place of the published one (github.com/frommwonderland/EManalysis, model ``Vae``),
whose decoder sees the encoder's maps and whose latent therefore says nothing of the shape.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.model import Model
from morphoflow.models.splits import training_and_validation
from morphoflow.models.volume_vae.data import (
    as_floats,
    channel_places,
    check_volumes,
    read_volumes,
    volume_batches,
)
from morphoflow.models.volume_vae.learner import (
    BATCH,
    VolumeVAELearner,
    inputs_and_mask,
    needed_channels,
)
from morphoflow.models.volume_vae.losses import weighted_error
from morphoflow.models.volume_vae.network import VolumeVAE, load
from morphoflow.models.volume_vae.stream import held_or_streamed
from morphoflow.organelles.samples.render import surfaces
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples
from morphoflow.training.progress import note


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> VolumeVAELearner:
    """Make a network and its data ready for training, and say what trivial volumes score.

    ``samples.x`` is (n, 2, size, size, size) uint8, EM and mask. Labels are not used.
    """
    size = check_volumes(samples)
    rows = training_and_validation(objects)
    generator = torch_generator(seed, "initialisation")
    network = VolumeVAE(len(settings["channels"]), size, settings, generator).to(device)
    channels = needed_channels(settings)
    parts = [held_or_streamed(samples, each, channels, device, seed) for each in rows]
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
    uncertainty = {name: torch.cat(values).numpy() for name, values in columns.items()}
    return torch.cat(means).numpy(), uncertainty


def encoder(model: Model) -> tuple[VolumeVAE, Callable[[Tensor], Tensor]]:
    """Volumes (b, 2, size, size, size) uint8 to embeddings, by the network beside it."""
    network = load(model, torch.device("cpu"))
    places = channel_places(model.settings["channels"])
    return network, lambda x: network.encode(as_floats(x)[:, places]).mean


def _batches(model: Model, samples: Samples, device: torch.device) -> Iterator[Tensor]:
    channels, size = needed_channels(model.settings), model.facts["size"]
    return volume_batches(samples, channels, size, device, BATCH)


# Pictures of the volumes that an autoencoder gives back: shaded surfaces of the decoded masks.


def decode_volumes(model: Model, latents: np.ndarray, device: torch.device) -> np.ndarray:
    """Volumes (n, channels, size, size, size) from 0 to 1 of ``latents`` (n, latent_size)."""
    network = load(model, device)
    points = torch.from_numpy(latents).to(device, torch.float32)
    decoded = [torch.sigmoid(network.decode(z)).cpu() for z in points.split(BATCH)]
    return torch.cat(decoded).numpy()


def decode_pictures(model: Model, latents: np.ndarray, device: torch.device) -> np.ndarray:
    """Pictures (..., 1, size, size) from 0 to 1 of ``latents`` (..., latent_size)."""
    flat = decode_volumes(model, latents.reshape(-1, latents.shape[-1]), device)
    pictures = _pictures(torch.from_numpy(flat), model.settings)
    return pictures.reshape(*latents.shape[:-1], *pictures.shape[1:])


def reconstruct_pictures(
    model: Model, samples: Samples, rows: np.ndarray, device: torch.device
) -> dict[str, np.ndarray]:
    """Pictures (m, 1, size, size) of the volumes in ``rows`` (m,) and of what they decode to.

    ``original`` and ``decoded``; ``aligned`` is the latter, which lies as the original does, so
    that ``angle_deg`` and ``flip`` (m,) are 0. ``error`` (m,) is by :func:`weighted_error`.
    """
    network, settings = load(model, device), model.settings
    parts: dict[str, list] = {"original": [], "decoded": [], "error": []}
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        volumes = read_volumes(samples, some, needed_channels(settings), device)
        x, mask = inputs_and_mask(volumes, settings)
        decoded = torch.sigmoid(network.decode(network.encode(x).mean))
        parts["original"].append(_pictures(x, settings))
        parts["decoded"].append(_pictures(decoded, settings))
        parts["error"].append(weighted_error(decoded, x, mask, settings).cpu().numpy())
    made = {name: np.concatenate(values) for name, values in parts.items()}
    angle, flip = np.zeros(len(rows), np.float32), np.zeros(len(rows), bool)
    return made | {"aligned": made["decoded"], "angle_deg": angle, "flip": flip}


def _pictures(volumes: Tensor, settings: dict) -> np.ndarray:
    """Surfaces of the mask, or of EM where there is no other channel."""
    channels = settings["channels"]
    shown = channels.index("mask") if "mask" in channels else 0
    return surfaces(volumes[:, shown].cpu().numpy())[:, None]
