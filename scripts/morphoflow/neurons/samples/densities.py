"""Density maps: the length of cable in each voxel of a box around the soma."""

import numpy as np
from numba import njit

from morphoflow.errors import InputError
from morphoflow.forest import Forest

Extent = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

HALVINGS = 40


def density_maps(forest: Forest, *, bins: int, extent_um: Extent) -> tuple[np.ndarray, np.ndarray]:
    """Cut the cable of each neuron exactly at the faces of the voxels.

    ``extent_um`` gives (low, high) along x, y and z, relative to the soma. Returns ``x``
    (n, bins, bins, bins) float32, um of cable per voxel, axes (neuron, x, y, z), and
    ``outside_um`` (n,) float32, the cable outside the box: both together are the whole cable.
    """
    low = np.array(extent_um, dtype=np.float64)[:, 0]
    voxel = (np.array(extent_um, dtype=np.float64)[:, 1] - low) / bins
    grid = (forest.xyz - low) / voxel
    x = np.empty((forest.n, bins, bins, bins), dtype=np.float32)
    outside_um = np.empty(forest.n, dtype=np.float32)
    _fill(grid, forest.parent_row, forest.segment_length, forest.offsets, x, outside_um)
    return x, outside_um


def cube(half_width_um: float) -> Extent:
    """The extent of a cube centred on the soma."""
    return ((-half_width_um, half_width_um),) * 3


def enclosing_cube(forest: Forest, *, fraction: float) -> Extent:
    """The smallest cube centred on the soma that holds this fraction of all cable of the forest.

    Found by bisection, to 1e-12 of the largest coordinate. Give it the training neurons alone
    where the extent is part of what is fitted.
    """
    length, parent, xyz = forest.segment_length, forest.parent_row, forest.xyz.astype(np.float64)
    if not length.sum() > 0:
        raise InputError(
            f"none of the {forest.n} neurons has any cable to choose the extent of the density "
            "maps from; give the extent in um."
        )
    small, large = 0.0, float(np.abs(xyz).max())
    for _ in range(HALVINGS):
        half = (small + large) / 2
        enough = _inside(xyz, parent, length, half) >= fraction * length.sum()
        small, large = (small, half) if enough else (half, large)
    return cube(large)


@njit(cache=True, nogil=True)
def _clip(a: np.ndarray, d: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The part (t0, t1) of the line a + t d, 0 <= t <= 1, inside the box; none if t1 <= t0.

    After Liang and Barsky, ACM Trans. Graph. 3, 1984.
    """
    t0, t1 = 0.0, 1.0
    for axis in range(3):
        if d[axis] != 0.0:
            enter, leave = (low - a[axis]) / d[axis], (high - a[axis]) / d[axis]
            t0, t1 = max(t0, min(enter, leave)), min(t1, max(enter, leave))
        elif a[axis] < low or a[axis] > high:
            return 0.0, 0.0
    return t0, t1


@njit(cache=True, nogil=True)
def _inside(xyz: np.ndarray, parent: np.ndarray, length: np.ndarray, half: float) -> float:
    """The cable in um inside the cube of this half width."""
    total = 0.0
    for node, up in enumerate(parent):
        if up >= 0:
            t0, t1 = _clip(xyz[up], xyz[node] - xyz[up], -half, half)
            total += max(0.0, t1 - t0) * length[node]
    return total


@njit(cache=True, nogil=True)
def _deposit(
    a: np.ndarray, d: np.ndarray, t0: float, t1: float, length: float, counts: np.ndarray
) -> None:
    """Add the length of the line a + t d, t0 <= t <= t1, to the voxels that it crosses.

    After Amanatides and Woo, Eurographics 1987: the next face is the nearest one of three.
    """
    bins = len(counts)
    face, step, voxel = np.empty(3), np.sign(d), np.empty(3, dtype=np.int64)
    for axis in range(3):
        face[axis] = np.floor(a[axis] + t0 * d[axis]) + (d[axis] > 0)
    t = t0
    while t < t1:
        nearest, ahead = -1, t1
        for axis in range(3):
            if step[axis] != 0 and (face[axis] - a[axis]) / d[axis] < ahead:
                nearest, ahead = axis, (face[axis] - a[axis]) / d[axis]
        ahead = max(ahead, t)
        for axis in range(3):
            middle = int(np.floor(a[axis] + (t + ahead) / 2 * d[axis]))
            voxel[axis] = min(max(middle, 0), bins - 1)
        counts[voxel[0], voxel[1], voxel[2]] += (ahead - t) * length
        t = ahead
        if nearest >= 0:
            face[nearest] += step[nearest]


@njit(cache=True, nogil=True)
def _fill(
    grid: np.ndarray,
    parent: np.ndarray,
    length: np.ndarray,
    offsets: np.ndarray,
    x: np.ndarray,
    outside_um: np.ndarray,
) -> None:
    """Fill the arrays of :func:`density_maps`; ``grid`` (N, 3) is in voxels from the low corner."""
    counts = np.zeros(x.shape[1:])
    for i in range(len(x)):
        counts[:] = 0.0
        outside = 0.0
        for node in range(offsets[i] + 1, offsets[i + 1]):
            a = grid[parent[node]]
            d = grid[node] - a
            t0, t1 = _clip(a, d, 0.0, x.shape[1])
            outside += (1.0 - max(0.0, t1 - t0)) * length[node]
            _deposit(a, d, t0, t1, length[node], counts)
        x[i] = counts
        outside_um[i] = outside
