"""Random views of volumes, for models that learn from what two views of an object share.

Every volume draws its own augmentations from the given generator; all are computed for the whole
batch at once, on its device, and nothing waits for it. One whose probability is 0 is left out.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from morphoflow.models.contrastive_augment_intensity import blurred, noisy, toned
from morphoflow.models.contrastive_augment_space import boxes, cut_out, resampled, rotations
from morphoflow.models.volume_data import as_floats
from morphoflow.models.volume_turns import randomly_turned


class Draws:
    """Random numbers for ``n`` volumes, with the probabilities and strengths of ``settings``."""

    def __init__(self, n: int, settings: dict, generator: torch.Generator) -> None:
        self.n, self.settings, self.generator = n, settings, generator
        self.device = generator.device

    def any(self, *names: str) -> bool:
        """Whether one of these augmentations may happen."""
        return any(self.settings[f"{name}_probability"] > 0 for name in names)

    def uniform(self, *shape: int) -> Tensor:
        """Numbers (n, *shape) from 0 to 1."""
        return torch.rand(self.n, *shape, generator=self.generator, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """Normal numbers (n, *shape)."""
        return torch.randn(self.n, *shape, generator=self.generator, device=self.device)

    def strength(self, name: str) -> Tensor:
        """How strong an augmentation is (n,): 0 if it does not happen, else up to its strength."""
        happens = self.uniform() < self.settings[f"{name}_probability"]
        return happens * self.uniform() * self.settings[f"{name}_strength"]

    def signed(self, name: str) -> Tensor:
        """The same (n,) to either side of 0."""
        return self.strength(name) * (2 * (self.uniform() < 0.5) - 1)


def augmented(volumes: Tensor, settings: dict, generator: torch.Generator) -> Tensor:
    """A random view of each of the volumes (b, 2, size, size, size) uint8, EM and mask.

    Float32 from 0 to 1. Turned and mirrored as bytes, then rotated and changed in size, blurred,
    changed in tone, made noisy, and cut.
    """
    draws = Draws(len(volumes), settings, generator)
    x = as_floats(randomly_turned(volumes, settings["turns"], generator))
    if draws.any("rotation", "scale"):
        x = resampled(x, _motions(draws))
    if draws.any("blur"):
        x = blurred(x, draws.strength("blur"))
    if draws.any("contrast", "brightness", "gamma"):
        contrast, gamma = (draws.signed(name).exp() for name in ("contrast", "gamma"))
        x = toned(x, contrast, draws.signed("brightness"), gamma)
    if draws.any("noise"):
        x = noisy(x, draws.strength("noise"), draws.normal(*x.shape[2:]))
    if draws.any("cutout"):
        share = draws.strength("cutout")[:, None].expand(-1, 3)
        x = cut_out(x, *boxes(x[:, 1], share, draws.uniform(3)))
    return x


def _motions(draws: Draws) -> Tensor:
    """Rotations, about the z axis alone if turns leave it an axis, with a change of size."""
    axis = draws.normal(3)
    if draws.settings["turns"] == "z":
        axis = torch.stack([torch.ones_like(axis[:, 0]), *[torch.zeros_like(axis[:, 0])] * 2], 1)
    angle = draws.signed("rotation") * (math.pi / 180)
    scale = draws.signed("scale").exp()
    return rotations(normalize(axis, dim=1), angle) * scale[:, None, None]
