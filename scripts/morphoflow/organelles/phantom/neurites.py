"""The phantom's neurites: cells of a jittered lattice, some merged, with their bent membranes."""

import numpy as np
from numba import njit

from morphoflow.organelles.phantom.noise import fraction, hashed, mixed

# Mean extent of a neurite along z, y and x before some are merged.
CELL_NM = (1000.0, 560.0, 720.0)
JITTER, MERGED = 0.8, 0.3


def seeds_near(
    key: int, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What decides which neurite a place between ``lower`` and ``upper`` (3,) nm belongs to.

    Returns the first cell (3,), and of each cell from there on its seed (z, y, x, 3) in nm and the
    neurite it belongs to (z, y, x).
    """
    first = np.floor(np.asarray(lower) / CELL_NM).astype(np.int64) - 1
    last = np.floor(np.asarray(upper) / CELL_NM).astype(np.int64) + 2
    return first, *_seeds(np.uint64(key), first, tuple(map(int, last - first)))


def neurites_at(key: int, points: np.ndarray) -> np.ndarray:
    """The neurites (n,) int64 about ``points`` (n, 3) in nm."""
    homes = np.empty(len(points), dtype=np.int64)
    for i, point in enumerate(points):
        homes[i] = nearest_face(*point, *seeds_near(key, point, point))[1]
    return homes


@njit(cache=True, nogil=True)
def _seeds(key, first, shape):
    seeds = np.empty((*shape, 3))
    owners = np.empty(shape, np.int64)
    for z in range(shape[0]):
        for y in range(shape[1]):
            for x in range(shape[2]):
                cell = (first[0] + z, first[1] + y, first[2] + x)
                number = hashed(key, cell[0], cell[1], cell[2])
                for k in range(3):
                    jitter = JITTER * (fraction(number, k) - 0.5)
                    seeds[z, y, x, k] = (cell[k] + 0.5 + jitter) * CELL_NM[k]
                beside = 1 if fraction(mixed(number), 3) < MERGED else 0
                owner = hashed(key, cell[0], cell[1], cell[2] - beside)
                owners[z, y, x] = np.int64(owner >> np.uint64(1))
    return seeds, owners


@njit(cache=True, nogil=True)
def nearest_face(z, y, x, first, seeds, owners):
    """Distance in nm from the membrane to the next neurite, and the neurite at a place."""
    cz = int(np.floor(z / CELL_NM[0])) - first[0]
    cy = int(np.floor(y / CELL_NM[1])) - first[1]
    cx = int(np.floor(x / CELL_NM[2])) - first[2]
    least, second = np.inf, np.inf
    owner = owners[cz, cy, cx]
    hz, hy, hx, oz, oy, ox = cz, cy, cx, cz, cy, cx
    for iz in range(cz - 1, cz + 2):
        for iy in range(cy - 1, cy + 2):
            for ix in range(cx - 1, cx + 2):
                dz, dy = seeds[iz, iy, ix, 0] - z, seeds[iz, iy, ix, 1] - y
                dx = seeds[iz, iy, ix, 2] - x
                far = dz * dz + dy * dy + dx * dx
                if far < least:
                    if owners[iz, iy, ix] != owner:
                        second, oz, oy, ox = least, hz, hy, hx
                    least, hz, hy, hx, owner = far, iz, iy, ix, owners[iz, iy, ix]
                elif far < second and owners[iz, iy, ix] != owner:
                    second, oz, oy, ox = far, iz, iy, ix
    dz = seeds[oz, oy, ox, 0] - seeds[hz, hy, hx, 0]
    dy = seeds[oz, oy, ox, 1] - seeds[hz, hy, hx, 1]
    dx = seeds[oz, oy, ox, 2] - seeds[hz, hy, hx, 2]
    return (second - least) / (2 * np.sqrt(dz * dz + dy * dy + dx * dx) + 1e-9), owner
