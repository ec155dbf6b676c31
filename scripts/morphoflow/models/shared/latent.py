"""Ways through a latent whose points lie on a sphere."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from morphoflow.fitting import fit_pca
from morphoflow.model import Model
from morphoflow.models.interface import Generating, load_model
from morphoflow.seeds import torch_seed

STEPS_SD = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)

AXES, PAIRS, STEPS = 6, 4, 7

# Latents are drawn by blocks of this many, each from a stream of its own. Images are made by whole
# blocks, since sums may be rounded in another way where fewer images are computed at once.
BLOCK = 64


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Points (s, d) on the great circle from ``start`` to ``end`` (d,), at ``share`` (s,) of it.

    Spherical linear interpolation (Shoemake, SIGGRAPH 1985): the direction turns at a constant
    rate, and the length goes evenly from that of the one to that of the other. Points between
    opposite directions are undefined.
    """
    lengths = torch.stack([start.norm(), end.norm()])
    a, b = start / lengths[0], end / lengths[1]
    # Better than the arc cosine of the product where the directions are close.
    angle = 2 * torch.atan2((a - b).norm(), (a + b).norm())
    # As angle goes to 0 the weights go to 1 - share and share; sinc holds there too.
    weights = [w * torch.sinc(w * angle / torch.pi) for w in (1 - share, share)]
    turned = (weights[0][:, None] * a + weights[1][:, None] * b) / torch.sinc(angle / torch.pi)
    return turned * torch.lerp(lengths[0], lengths[1], share)[:, None]


def round_trip(stops: Tensor, steps: int) -> Tensor:
    """A closed way (k steps, d) through ``stops`` (k, d), from each to the next in ``steps``.

    The last leads back to the first, which is not repeated, so that a movie of it goes round.
    """
    share = torch.arange(steps, device=stops.device, dtype=stops.dtype) / steps
    legs = zip(stops, stops.roll(-1, dims=0), strict=True)
    return torch.cat([slerp(start, end, share) for start, end in legs])


# Straight lines through an embedding, along which a decoder shows what its dimensions mean.


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


# Latents and images by number: that of number i is the same however many are asked for.


def latent_block(model: Model, block: int, seed: int, device: torch.device) -> Tensor:
    """The latents (BLOCK, d) of the numbers from ``block * BLOCK`` on."""
    own = torch_seed(seed, "sampling", block)
    generating = load_model(model.code, Generating)
    return generating.latents(BLOCK, model.facts["latent_size"], own, device)


def image_blocks(
    model: Model, settings: dict, device: torch.device
) -> Iterator[tuple[list[str], np.ndarray]]:
    """The ids of images and the images (b, 1, side, side) uint8, block by block.

    ``settings`` say the ``number`` of images, the ``seed``, and how the model is to make them. An
    id ends in the class that its image is made for, of a model that knows classes.
    """
    generating = load_model(model.code, Generating)
    number, seed = settings["number"], settings["seed"]
    for first in range(0, number, BLOCK):
        z = latent_block(model, first // BLOCK, seed, device)
        ids = [f"generated_{i:05d}" for i in range(first, min(first + BLOCK, number))]
        classes = generating.classes_of(model, z)
        if classes is not None:
            named = ("_".join(of.split()) for of in classes)
            ids = [f"{name}_{of}" for name, of in zip(ids, named, strict=False)]
        yield ids, generating.generate(model, z, settings, device)[: len(ids)]
