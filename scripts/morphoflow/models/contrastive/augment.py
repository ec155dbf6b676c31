"""Random views of volumes, for models that learn from what two views of an object share.

Every volume draws its own augmentations from the given generator; all are computed for the whole
batch at once, on its device, and nothing waits for it. One whose probability is 0 is left out.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.functional import normalize

from morphoflow.models.volume_vae.data import as_floats, randomly_turned

# Where the Gaussian exp(-exponent) of a blur ends.
NEGLIGIBLE = 17.0

# A mask below this counts as background.
LEAST = 1e-6


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


# Augmentations that move or remove voxels: rotation, change of size, cut-out; no gradient.
#
# Volumes are (b, 2, size, size, size) from 0 to 1, EM and mask, and are handled alike.


def resampled(volumes: Tensor, motions: Tensor) -> Tensor:
    """The volumes under linear ``motions`` (b, 3, 3) of (z, y, x) about their centre.

    Interpolated linearly, with nothing beyond the border; an identity leaves its volume as it is.
    """
    size = volumes.shape[-1]
    place = torch.linspace(-1, 1, size, device=volumes.device)
    grid = torch.stack(torch.meshgrid(place, place, place, indexing="ij"), -1)
    # Unlike inv, this does not wait for the device in search of singular matrices.
    back = torch.linalg.inv_ex(motions).inverse
    source = grid.view(-1, 3) @ back.transpose(1, 2)
    # grid_sample takes places as x, y, z.
    source = source.flip(-1).view(len(volumes), size, size, size, 3)
    moved = functional.grid_sample(volumes, source, align_corners=True)
    still = (motions == torch.eye(3, device=motions.device)).all(-1).all(-1)
    return torch.where(still[:, None, None, None, None], volumes, moved)


def rotations(axis: Tensor, angle: Tensor) -> Tensor:
    """The rotations (b, 3, 3) by ``angle`` (b,) in radians about unit vectors ``axis`` (b, 3)."""
    zero = torch.zeros_like(angle)
    a, b, c = axis.unbind(1)
    rows = [zero, -c, b, c, zero, -a, -b, a, zero]
    cross = torch.stack(rows, 1).view(-1, 3, 3)
    sine, versine = angle.sin()[:, None, None], (1 - angle.cos())[:, None, None]
    return torch.eye(3, device=angle.device) + sine * cross + versine * (cross @ cross)


def cut_out(volumes: Tensor, start: Tensor, stop: Tensor) -> Tensor:
    """The volumes with the voxels from ``start`` up to and without ``stop``, (b, 3), emptied."""
    place = torch.arange(volumes.shape[-1], device=volumes.device)
    z, y, x = ((place >= start[:, k, None]) & (place < stop[:, k, None]) for k in range(3))
    box = z[:, :, None, None] & y[:, None, :, None] & x[:, None, None, :]
    return volumes.masked_fill(box[:, None], 0)


def extent(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Where objects (b, size, size, size) start and stop along z, y and x, (b, 3) int64 each.

    The two are equal for an empty mask.
    """
    size = mask.shape[-1]
    place = torch.arange(size, device=mask.device)
    filled = mask > 0
    along = [filled.flatten(2).any(2), filled.any(1).any(2), filled.any(1).any(1)]
    along = torch.stack(along, 1)
    start = torch.where(along, place, size).amin(2)
    stop = torch.where(along, place + 1, 0).amax(2)
    return torch.minimum(start, stop), stop


def boxes(mask: Tensor, share: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes (b, 3) in the objects' extents, of a ``share`` of them along each axis, at ``place``.

    Both are (b, 3) from 0 to 1; a place of 0 is where the object starts. A box is at least a voxel
    shorter than the extent along each axis, so that it never holds the whole object.
    """
    start, stop = extent(mask)
    side = (share * (stop - start - 1)).ceil().clamp_min(0).long()
    free = stop - start - side
    start = start + torch.minimum((place * (free + 1)).long(), free)
    return start, start + side


# Augmentations of what is seen of an object where it is: tone, noise, blur; no gradient.
#
# Volumes are (b, 2, size, size, size) from 0 to 1, EM and mask. As they are cut, the mask is the
# share of a voxel that the object covers, and the EM that share times the intensity of the object.
# Tone and noise change the intensity, and so neither background nor mask.


def toned(volumes: Tensor, contrast: Tensor, brightness: Tensor, gamma: Tensor) -> Tensor:
    """The volumes with the intensity of each object changed in three ways, (b,) each.

    Differences from the object's mean are multiplied by ``contrast``, ``brightness`` is added, and
    the result, cut to 0 to 1, is raised to ``gamma``; 1, 0 and 1 change nothing.
    """
    intensity, mask = _intensity(volumes), volumes[:, 1]
    c, b, g = (value[:, None, None, None] for value in (contrast, brightness, gamma))
    covered = mask.sum((1, 2, 3), keepdim=True).clamp_min(LEAST)
    mean = (intensity * mask).sum((1, 2, 3), keepdim=True) / covered
    # Written so that a contrast of 1 is exact.
    changed = (intensity * c + (mean * (1 - c) + b)).clamp(0, 1) ** g
    return _with_change(volumes, changed - intensity)


def noisy(volumes: Tensor, sd: Tensor, noise: Tensor) -> Tensor:
    """The volumes with ``noise`` (b, size, size, size) times ``sd`` (b,) in the intensity."""
    intensity = _intensity(volumes)
    changed = (intensity + sd[:, None, None, None] * noise).clamp(0, 1)
    return _with_change(volumes, changed - intensity)


def blurred(volumes: Tensor, sigma: Tensor) -> Tensor:
    """EM and mask blurred by a Gaussian of ``sigma`` (b,) voxels; 0 changes nothing.

    What leaves the volume is lost. As three products with a matrix an axis, which is quicker than
    convolutions with a kernel a volume.
    """
    n, channels, size = volumes.shape[:3]
    matrix = _gaussians(sigma, size)
    # From the last axis to the first, so that no axis has to be moved in memory.
    x = (volumes.reshape(n, -1, size) @ matrix).view(n, -1, size, size)
    z = (matrix[:, None] @ x).view(n, channels, size, -1)
    return (matrix[:, None] @ z).view_as(volumes)


def _gaussians(sigma: Tensor, size: int) -> Tensor:
    """Symmetric matrices (b, size, size) that blur an axis."""
    offset = torch.arange(1 - size, size, device=sigma.device)
    exponent = offset.square() / (2 * sigma[:, None].square().clamp_min(1e-6))
    # Tails below the rounding of float32 are 0, since denormal numbers make products slow.
    kernel = torch.where(exponent < NEGLIGIBLE, (-exponent).exp(), 0)
    kernel = kernel / kernel.sum(1, keepdim=True)
    place = torch.arange(size, device=sigma.device)
    return kernel[:, place[:, None] - place + size - 1]


def _intensity(volumes: Tensor) -> Tensor:
    """The intensity (b, size, size, size) of the objects, of no meaning in the background."""
    em, mask = volumes.unbind(1)
    return (em / mask.clamp_min(LEAST)).clamp(0, 1)


def _with_change(volumes: Tensor, change: Tensor) -> Tensor:
    """The volumes with a ``change`` (b, size, size, size) of the objects' intensity."""
    em, mask = volumes.unbind(1)
    return torch.stack([em + mask * change, mask], 1)
