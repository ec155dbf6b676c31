"""Model ``o2vae``: an autoencoder of images whose embedding no rotation or flip changes.

After Burgess et al., "Orientation-invariant autoencoders learn robust representations for shape
profiling of cells and organelles", Nature Communications 15:1022, 2024. The encoder is invariant by
construction; the decoder chooses a pose, and the image is turned and flipped to it before the two
are compared.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.images.rotate import inverse, transform
from morphoflow.model import Model
from morphoflow.models.o2vae.learner import BATCH, CellVAELearner, pose, target
from morphoflow.models.o2vae.network import CellVAE
from morphoflow.models.splits import training_and_validation
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> CellVAELearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, channels, size, size), from 0 to 1. Labels are not used.
    """
    rows = training_and_validation(objects)
    channels, size = samples.x.shape[1:3]
    network = CellVAE(channels, size, settings, torch_generator(seed, "initialisation")).to(device)
    facts = {"channels": channels, "size": size}
    parts = [torch.from_numpy(samples.x.oindex[part]).to(device, torch.float32) for part in rows]
    return CellVAELearner(network, *parts, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The images (n, latent_size) float32: the means of their posteriors; nothing is drawn."""
    network = load(model, device)
    means = [network.encode(x).mean.cpu() for x in _batches(model, samples, device)]
    return torch.cat(means).numpy()


def embed_with_uncertainty(
    model: Model, samples: Samples, device: torch.device
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The embedding as by :func:`embed`, and how sure the model is of each image, (n,) float32.

    ``posterior_sd`` is the root mean square, over the latent's dimensions, of the posterior's
    standard deviation; ``reconstruction_error`` that of the difference, over pixels and channels,
    between the decoded mean and the image in the decoder's pose.
    """
    network = load(model, device)
    means, spreads, errors = [], [], []
    for x in _batches(model, samples, device):
        posterior = network.encode(x)
        logits = network.decode(posterior.mean)
        difference = torch.sigmoid(logits) - target(x, logits, model.settings)
        means.append(posterior.mean.cpu())
        spreads.append(posterior.log_variance.exp().mean(1).sqrt().cpu())
        errors.append(difference.flatten(1).square().mean(1).sqrt().cpu())
    columns = {"posterior_sd": spreads, "reconstruction_error": errors}
    uncertainty = {name: torch.cat(values).numpy() for name, values in columns.items()}
    return torch.cat(means).numpy(), uncertainty


def encoder(model: Model) -> tuple[CellVAE, Callable[[Tensor], Tensor]]:
    """Images (b, channels, size, size) from 0 to 1 to embeddings, by the network beside it."""
    network = load(model, torch.device("cpu"))
    return network, lambda x: network.encode(x.to(torch.float32)).mean


def decode_pictures(model: Model, latents: np.ndarray, device: torch.device) -> np.ndarray:
    """Images (..., channels, size, size) from 0 to 1 of ``latents`` (..., latent_size)."""
    return decode(load(model, device), latents, device)


def reconstruct_pictures(
    model: Model, samples: Samples, rows: np.ndarray, device: torch.device
) -> dict[str, np.ndarray]:
    """The images in ``rows`` and what the model makes of them, as by :func:`reconstructions`."""
    x = torch.from_numpy(samples.x.oindex[rows]).to(device, torch.float32)
    return reconstructions(load(model, device), x, model.settings)


def load(model: Model, device: torch.device) -> CellVAE:
    """The network of a saved model, ready to encode and decode without gradients."""
    facts = model.facts
    network = CellVAE(facts["channels"], facts["size"], model.settings, torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval().requires_grad_(False)


def _batches(model: Model, samples: Samples, device: torch.device) -> Iterator[Tensor]:
    """The images in the order of the store, read as they are needed."""
    actual = {"channels": samples.x.shape[1], "size": samples.x.shape[2]}
    for name, value in actual.items():
        if value != model.facts[name]:
            raise InputError(
                f"the crops have {name} {value} and the model was trained with "
                f"{model.facts[name]}; cut crops of the same kind, or train the model anew."
            )
    for start in range(0, samples.x.shape[0], BATCH):
        yield torch.from_numpy(samples.x[start : start + BATCH]).to(device, torch.float32)


# Images that an autoencoder gives back.


def decode(network: CellVAE, points: np.ndarray, device: torch.device) -> np.ndarray:
    """Images (..., c, h, w) from 0 to 1 of latents (..., d)."""
    flat = torch.from_numpy(points.reshape(-1, points.shape[-1])).to(device, torch.float32)
    images = torch.sigmoid(network.decode(flat)).cpu().numpy()
    return images.reshape(*points.shape[:-1], *images.shape[1:])


def reconstructions(network: CellVAE, x: Tensor, settings: dict) -> dict[str, np.ndarray]:
    """Images (b, c, h, w) and what the network makes of the means of their posteriors.

    ``decoded`` in the decoder's pose; ``aligned``, flipped where ``flip`` (b,) and then turned by
    ``angle_deg`` (b,) onto ``original``; ``error`` (b,) is the root mean square difference to it.
    """
    decoded = torch.sigmoid(network.decode(network.encode(x).mean))
    angle, flip = x.new_zeros(len(x)), x.new_zeros(len(x), dtype=torch.bool)
    aligned = decoded
    if settings["align"] != "none":
        back = inverse(pose(x, decoded, settings))
        angle, flip = back.angle, back.flip
        aligned = transform(decoded, angle, flip).clamp(0, 1)
    arrays = {"original": x, "decoded": decoded, "aligned": aligned}
    arrays |= {"angle_deg": angle, "flip": flip}
    arrays["error"] = (aligned - x).square().flatten(1).mean(1).sqrt()
    return {name: value.cpu().numpy() for name, value in arrays.items()}
