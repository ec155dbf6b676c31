"""The latents of single walks, and the walks of latents, by a trained MorphVAE."""

import numpy as np
import torch

from morphoflow.model import Model
from morphoflow.models.morphvae.network import MorphVAE, decoded_length
from morphoflow.models.morphvae.walks import make_batch, passes, walk_table


def load(model: Model, device: torch.device) -> MorphVAE:
    """The network of a saved model, ready to encode and decode."""
    network = MorphVAE(model.settings, len(model.facts["classes"]), torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval()


def walk_latents(
    model: Model, x: np.ndarray, length: np.ndarray, device: torch.device
) -> list[np.ndarray]:
    """The location (m, latent_size) float32 of each distinct walk, for each neuron.

    ``x`` (n, walks, steps, 3) in um, ``length`` (n, walks); the order is that of first occurrence.
    """
    network = load(model, device)
    table = walk_table(x, length, model.facts["scale_um"], device)
    latents: list[np.ndarray] = []
    with torch.inference_mode():
        for rows in passes(table, torch.arange(len(x), device=device)):
            batch = make_batch(table, rows)
            places = batch.by_place(network.latent.location(network.encode(batch)))
            of_neuron = places.permute(1, 2, 0).cpu().numpy()
            counts = table.n_walks[rows.cpu().numpy()]
            latents += [z[:m] for z, m in zip(of_neuron, counts, strict=True)]
    return latents


@torch.inference_mode()
def decode_latents(
    model: Model, z: np.ndarray, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """The walks of latents ``z`` (w, latent_size): nodes (w, steps, 3) in um and lengths (w,).

    A walk begins at the soma; how far it goes is given by
    :func:`morphoflow.models.morphvae.network.decoded_length`, and it is 0 from there on.
    """
    network, steps = load(model, device), model.facts["steps"]
    latents = torch.from_numpy(np.ascontiguousarray(z.T, dtype=np.float32)).to(device)
    soma = latents.new_zeros((3, latents.shape[1]))
    following, ends = network.decode(latents, [soma] * steps)
    length = decoded_length(ends)
    nodes = torch.stack([soma, *following]) * model.facts["scale_um"]
    nodes = nodes * (torch.arange(steps, device=device)[:, None, None] < length)
    return nodes.permute(2, 0, 1).cpu().numpy(), length.cpu().numpy()
