"""Model ``point_ae``: an autoencoder of point clouds under the two-way Chamfer distance.

The order of the points does not count in any of its encoders. With ``rotation_invariant`` neither
does a rotation or a reflection; the decoder then gives a cloud along its principal axes.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.model import Model
from morphoflow.models.point_ae.chamfer import best_signs, principal_axes
from morphoflow.models.point_ae.learner import (
    BATCH,
    Clouds,
    PointAELearner,
    posed,
    relative_chamfer,
)
from morphoflow.models.point_ae.network import (
    PointAutoencoder,
    fit_unit,
    load,
    read_clouds,
    read_scale,
)
from morphoflow.models.splits import training_and_validation
from morphoflow.organelles.samples.render import clouds
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples

# Width of a picture of a cloud, in pixels.
PICTURE = 96


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> PointAELearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, points, 3), in nm or with ``samples.scale`` (n,) nm per unit. All clouds
    are divided by one unit, the median radius in training, so that their sizes stay comparable.
    Labels are not used.
    """
    train, validation = training_and_validation(objects)
    network = PointAutoencoder(settings, torch_generator(seed, "initialisation")).to(device)
    facts = {"unit": fit_unit(read_clouds(samples, train))}
    parts = []
    for rows in (train, validation):
        x = (read_clouds(samples, rows) / facts["unit"]).to(device)
        x = x @ principal_axes(x) if network.encoder.in_axes else x
        nm = (read_scale(samples, rows) * facts["unit"]).to(device)
        parts.append(Clouds(x, network.graph(x), nm))
    return PointAELearner(network, *parts, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The latents of the clouds (n, latent_size) float32; nothing is drawn."""
    network = load(model, device)
    latents = [
        network.encode(x, network.graph(x)).cpu() for x, _ in _batches(model, samples, device)
    ]
    return torch.cat(latents).numpy()


def embed_with_uncertainty(
    model: Model, samples: Samples, device: torch.device
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The embedding as by :func:`embed`, and how far off each reconstruction is, (n,) float32.

    ``reconstruction_error`` is the Chamfer distance of the decoded cloud as a share of the
    object's mean squared radius; ``reconstruction_error_nm`` the mean distance between nearest
    points of the two.
    """
    network = load(model, device)
    in_axes = network.encoder.in_axes
    latents, shares, distances = [], [], []
    for x, nm in _batches(model, samples, device):
        z = network.encode(x, network.graph(x))
        decoded = network.decode(z)
        x = x @ principal_axes(x) if in_axes else x
        share, distance = relative_chamfer(decoded, posed(x, decoded, in_axes))
        latents.append(z.cpu())
        shares.append(share.cpu())
        distances.append((distance * nm).cpu())
    columns = {"reconstruction_error": shares, "reconstruction_error_nm": distances}
    uncertainty = {name: torch.cat(values).numpy() for name, values in columns.items()}
    return torch.cat(latents).numpy(), uncertainty


def encoder(model: Model) -> tuple[PointAutoencoder, Callable[[Tensor], Tensor]]:
    """Clouds (b, n, 3) in the unit of the store to embeddings, by the network beside it."""
    network, unit = load(model, torch.device("cpu")), model.facts["unit"]

    def encode(x: Tensor) -> Tensor:
        x = x.to(torch.float64)
        x = (x - x.mean(dim=1, keepdim=True)).to(torch.float32) / unit
        return network.encode(x, network.graph(x))

    return network, encode


def decode_pictures(model: Model, latents: np.ndarray, device: torch.device) -> np.ndarray:
    """Pictures (..., 1, PICTURE, PICTURE) from 0 to 1 of ``latents`` (..., latent_size)."""
    return _pictures(decode(model, latents, device))


def reconstruct_pictures(
    model: Model, samples: Samples, rows: np.ndarray, device: torch.device
) -> dict[str, np.ndarray]:
    """Pictures (b, 1, PICTURE, PICTURE) of the clouds in ``rows`` and of what is made of them.

    ``original`` is seen in the pose that the decoder chose, so that ``aligned`` is ``decoded``.
    """
    made = reconstruct(model, samples, rows, device)
    decoded = _pictures(made["decoded"])
    pictures = {"original": _pictures(made["posed"]), "decoded": decoded, "aligned": decoded}
    unturned = np.zeros(len(rows), dtype=np.float32)
    return pictures | {"angle_deg": unturned, "flip": unturned > 0, "error": made["error"]}


def _pictures(points: np.ndarray) -> np.ndarray:
    flat = clouds(points.reshape(-1, *points.shape[-2:]), PICTURE)
    return flat.reshape(*points.shape[:-2], 1, PICTURE, PICTURE)


def _batches(
    model: Model, samples: Samples, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """The clouds in the model's unit and the nm of that unit, in the order of the store."""
    for start in range(0, samples.x.shape[0], BATCH):
        rows = slice(start, start + BATCH)
        x = (read_clouds(samples, rows) / model.facts["unit"]).to(device)
        yield x, (read_scale(samples, rows) * model.facts["unit"]).to(device)


# Point clouds that an autoencoder gives back.
#
# Those of latents are in the unit of the sample store (nm where it has no ``scale``) and in the
# pose of the decoder: as the samples lie or, with the encoder ``rotation_invariant``, along the
# axes.


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
    arrays = {name: cloud * nm[:, None, None] for name, cloud in clouds.items()}
    arrays |= {"error_nm": distance * nm, "error": share}
    return {name: values.cpu().numpy() for name, values in arrays.items()}
