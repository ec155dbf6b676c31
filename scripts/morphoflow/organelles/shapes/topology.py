"""Pieces, tunnels and cavities of a mask: 26-connected objects in a 6-connected background."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import generate_binary_structure, label

TOUCHING = generate_binary_structure(3, 3)


@dataclass(frozen=True)
class Topology:
    """Betti numbers: pieces, tunnels (handles; a ring has one) and cavities (closed voids)."""

    pieces: int
    tunnels: int
    cavities: int


def topology(mask: np.ndarray) -> Topology:
    """The numbers of pieces, tunnels and cavities of ``mask`` (z, y, x) bool."""
    padded = np.pad(mask, 1)
    pieces = label(padded, TOUCHING)[1]
    cavities = label(~padded)[1] - 1
    return Topology(pieces, pieces + cavities - int(euler_number(padded)), cavities)


def without_cavities(mask: np.ndarray) -> np.ndarray:
    """The mask with its closed voids filled."""
    background, _ = label(~np.pad(mask, 1))
    return (background != background[0, 0, 0])[1:-1, 1:-1, 1:-1]


def euler_number(core: np.ndarray) -> float:
    """Pieces - tunnels + cavities of a mask, (z, y, x) bool, empty on its outer layer.

    Counted over vertices between 2 x 2 x 2 voxels, of which there is one less than voxels along
    each axis: over pieces that share a layer of voxels, the counts, in eighths, add up exactly.
    """
    return _eighths(core, EULER) / 8


def _configurations() -> np.ndarray:
    """Eight times the Euler number's share of each configuration of 2 x 2 x 2 voxels, (256,).

    The object is the union of its closed voxels: each cube counts -1, each of its faces +1, edge
    -1 and vertex +1, divided by how many such blocks see it. Face, edge and vertex belong to the
    object if any voxel about them does, which makes touching voxels connected.
    """
    code = np.arange(256)
    voxel = (code[:, None] >> np.arange(8) & 1).reshape(256, 2, 2, 2).astype(bool)
    total = 8 * voxel.any(axis=(1, 2, 3)).astype(np.int64) - voxel.sum(axis=(1, 2, 3))
    for axis in (1, 2, 3):
        others = tuple(a for a in (1, 2, 3) if a != axis)
        total += 2 * voxel.any(axis=axis).sum(axis=(1, 2))
        total -= 4 * voxel.any(axis=others).sum(axis=1)
    return total


EULER = _configurations()


@njit(cache=True)
def _eighths(mask, shares):
    """Sum of the configurations' ``shares`` over all blocks of 2 x 2 x 2 voxels."""
    nz, ny, nx = mask.shape
    total = 0
    for z in range(nz - 1):
        for y in range(ny - 1):
            code = 0
            for x in range(nx):
                code >>= 1
                code &= 0b01010101
                for k in range(4):
                    if mask[z + k // 2, y + k % 2, x]:
                        code |= 1 << (2 * k + 1)
                if x > 0:
                    total += shares[code]
    return total
