"""Augmentations that move or remove voxels: rotation, change of size, cut-out; no gradient.

Volumes are (b, 2, size, size, size) from 0 to 1, EM and mask, and are handled alike.
"""

import torch
from torch import Tensor
from torch.nn import functional


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
