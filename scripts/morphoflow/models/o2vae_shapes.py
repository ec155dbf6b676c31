"""Images that an autoencoder gives back: reconstructions, and points on lines of its latent."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from morphoflow.cells.registration import inverse, transform
from morphoflow.models.o2vae_losses import pose
from morphoflow.models.o2vae_network import CellVAE
from morphoflow.models.scaling import fit_pca

STEPS_SD = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
AXES, PAIRS, STEPS = 6, 4, 7


@dataclass(frozen=True)
class Lines:
    """Straight lines through an embedding.

    ``along`` (axes, steps, d) are points along its principal axes, at STEPS_SD standard deviations
    from the object that lies nearest to the mean (at the mean itself there may be none, and what
    a decoder makes of it says nothing); each axis carries ``share`` (axes,) of the variance.
    ``between`` (pairs, steps, d) lead from the object in row ``ends[:, 0]`` to that in row
    ``ends[:, 1]``, which lie farthest apart on an axis.
    """

    along: np.ndarray
    share: np.ndarray
    between: np.ndarray
    ends: np.ndarray


def lines(x: np.ndarray) -> Lines:
    """The lines of an embedding ``x`` (n, d): of its largest principal axes."""
    mean, axes, share = fit_pca(x, 1.0)
    scores = (x - mean) @ axes.T
    axes, sd = axes[:AXES], scores[:, :AXES].std(axis=0)
    typical = x[np.square(x - mean).sum(axis=1).argmin()]
    along = typical + np.array(STEPS_SD)[None, :, None] * (sd[:, None] * axes)[:, None]
    ends = np.stack([scores.argmin(axis=0), scores.argmax(axis=0)], 1)[:PAIRS]
    way = np.linspace(0, 1, STEPS)[None, :, None]
    between = x[ends[:, 0], None] * (1 - way) + x[ends[:, 1], None] * way
    return Lines(along, share[:AXES], between, ends)


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
