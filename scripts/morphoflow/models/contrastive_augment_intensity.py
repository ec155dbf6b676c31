"""Augmentations of what is seen of an object where it is: tone, noise, blur; no gradient.

Volumes are (b, 2, size, size, size) from 0 to 1, EM and mask. As they are cut, the mask is the
share of a voxel that the object covers, and the EM that share times the intensity of the object.
Tone and noise change the intensity, and so neither background nor mask.
"""

import torch
from torch import Tensor

# Where the Gaussian exp(-exponent) of a blur ends.
NEGLIGIBLE = 17.0
# A mask below this counts as background.
LEAST = 1e-6


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
