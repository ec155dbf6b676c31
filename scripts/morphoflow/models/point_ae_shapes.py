"""Point clouds that an autoencoder gives back.

Those of latents are in the unit of the sample store (nm where it has no ``scale``) and in the pose
of the decoder: as the samples lie or, with the encoder ``rotation_invariant``, along the axes.
"""

import numpy as np
import torch

from morphoflow.model import Model
from morphoflow.models.point_ae_learner import BATCH
from morphoflow.models.point_baselines import relative_chamfer
from morphoflow.models.point_data import read_clouds, read_scale
from morphoflow.models.point_network import load
from morphoflow.models.point_pose import best_signs, principal_axes
from morphoflow.store import Samples


def decode(model: Model, latents: np.ndarray, device: torch.device) -> np.ndarray:
    """Clouds (..., m, 3) of ``latents`` (..., latent_size)."""
    network = load(model, device)
    flat = torch.from_numpy(latents.reshape(-1, latents.shape[-1])).to(device, torch.float32)
    clouds = torch.cat([network.decode(z).cpu() for z in flat.split(BATCH)]).numpy()
    return model.facts["unit"] * clouds.reshape(*latents.shape[:-1], *clouds.shape[1:])


def reconstruct(
    model: Model, samples: Samples, rows: np.ndarray, device: torch.device
) -> dict[str, np.ndarray]:
    """The clouds in ``rows`` (b,) of the store and what the model makes of them, in nm.

    ``original`` (b, k, 3) is centred and ``aligned`` (b, m, 3) lies on it; ``posed`` and
    ``decoded`` are the same two in the pose of the decoder. ``error_nm`` (b,) is the mean distance
    between nearest points, ``error`` (b,) the squared one as a share of the mean squared radius.
    """
    parts = [
        _reconstruct(model, samples, rows[start : start + BATCH], device)
        for start in range(0, len(rows), BATCH)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _reconstruct(
    model: Model, samples: Samples, rows: np.ndarray, device: torch.device
) -> dict[str, np.ndarray]:
    network, unit = load(model, device), model.facts["unit"]
    x = (read_clouds(samples, rows) / unit).to(device)
    decoded = network.decode(network.encode(x, network.graph(x)))
    turn = torch.eye(3, device=device).expand(len(x), 3, 3)
    if network.encoder.in_axes:
        turn = principal_axes(x)
        turn = turn * best_signs(x @ turn, decoded)[:, None]
    share, distance = relative_chamfer(decoded, x @ turn)
    nm = (read_scale(samples, rows) * unit).to(device)
    clouds = {"original": x, "aligned": decoded @ turn.mT, "posed": x @ turn, "decoded": decoded}
    found = {name: cloud * nm[:, None, None] for name, cloud in clouds.items()}
    found |= {"error_nm": distance * nm, "error": share}
    return {name: values.cpu().numpy() for name, values in found.items()}
