"""Images that an autoencoder gives back."""

import numpy as np
import torch
from torch import Tensor

from morphoflow.cells.rotate import (inverse, transform)
from morphoflow.models.o2vae_losses import pose
from morphoflow.models.o2vae_network import CellVAE


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
    found = {"original": x, "decoded": decoded, "aligned": aligned}
    found |= {"angle_deg": angle, "flip": flip}
    found["error"] = (aligned - x).square().flatten(1).mean(1).sqrt()
    return {name: value.cpu().numpy() for name, value in found.items()}
