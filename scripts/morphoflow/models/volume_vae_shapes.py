"""Pictures of the volumes that an autoencoder gives back: shaded surfaces of the decoded masks."""

import numpy as np
import torch
from torch import Tensor

from morphoflow.model import Model
from morphoflow.models.volume_data import read_volumes
from morphoflow.models.volume_vae_learner import BATCH, inputs_and_mask, needed_channels
from morphoflow.models.volume_vae_losses import weighted_error
from morphoflow.models.volume_vae_network import load
from morphoflow.organelles.render import surfaces
from morphoflow.store import Samples


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
    that ``angle_deg`` and ``flip`` (m,) are nil. ``error`` (m,) is by :func:`weighted_error`.
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
