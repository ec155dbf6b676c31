"""How an object lies: its principal axes with their directions, and how sure these are."""

import numpy as np
import pandas as pd
from numba import njit

from morphoflow.organelles.shapes.masks import ObjectMask

AXES = "zyx"

# No axis of a near-spherical object is surer than this, in degrees. An axis of two that are alike
# has 45.
UNSURE_DEG = 22.5

# Columns of a pose in the table of shapes.
SIGNS = [f"axis_sign_{k}" for k in (1, 2, 3)]
EXTENTS = [f"extent_um_{k}" for k in (1, 2, 3)]
MIDDLES = [f"extent_middle_um_{k}" for k in (1, 2, 3)]


def pose_measures(mask: ObjectMask, row, spacing: np.ndarray) -> dict[str, float]:
    """The pose of an object, of which ``row`` of the object table has centroid and axes.

    ``spacing`` (3,) is the size of a voxel in um. For each axis k from the longest:

    * ``axis_sign_k``, by which the table's axis is to be multiplied so that the third moment along
      the first two is positive and the third completes a right-handed frame: mirror images stay
      apart;
    * ``axis_skewness_k``, that moment over the cubed standard deviation; near 0 the sign is chance;
    * ``axis_error_deg_k``, by how much the axis turns towards another if the object's surface is
      half a voxel off; ``near_spherical`` says that all three are above UNSURE_DEG;
    * ``extent_um_k``, the object's length, and ``extent_middle_um_k``, how far from the centroid
      its middle lies.
    """
    axes, deviations = table_axes(row), table_deviations(row)
    third, low, high = _along(mask, axes, spacing)
    signs = _signs(axes, third)
    skewness = signs * third / np.maximum(deviations, np.finfo(float).tiny) ** 3
    error = axis_errors(axes, deviations, spacing)
    columns = {"axis_sign": signs, "axis_skewness": skewness, "axis_error_deg": error}
    columns |= {"extent_um": high - low, "extent_middle_um": signs * (high + low) / 2}
    measures = {f"{n}_{k + 1}": float(v[k]) for n, v in columns.items() for k in range(3)}
    return measures | {"near_spherical": bool((error > UNSURE_DEG).all())}


def table_axes(row) -> np.ndarray:
    """The axes (3, 3) of a row of the object table, as columns with components z, y, x."""
    return np.array([[getattr(row, f"axis_{k}_{a}") for k in (1, 2, 3)] for a in AXES])


def table_deviations(row) -> np.ndarray:
    """The standard deviations (3,) along these axes in um."""
    return np.array([getattr(row, f"axis_sd_um_{k}") for k in (1, 2, 3)])


def posed_axes(shapes: pd.DataFrame) -> np.ndarray:
    """The axes (n, 3, 3) of posed objects, as columns with components z, y, x; right-handed."""
    names = [f"axis_{k}_{a}" for a in AXES for k in (1, 2, 3)]
    axes = shapes[names].to_numpy(np.float64).reshape(-1, 3, 3)
    return axes * shapes[SIGNS].to_numpy(np.float64)[:, None, :]


def axis_errors(axes: np.ndarray, deviations: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """By how many degrees (3,) each axis turns if a surface is half a voxel off, at most 45.

    Such an error changes the covariance of axes i and j by up to (h_i s_j + h_j s_i) / 2, with
    voxels of length h along the axes, and the angle is that of the axes of the changed matrix.
    """
    length = np.linalg.norm(axes * spacing[:, None], axis=0)
    change = np.outer(length, deviations)
    apart = np.abs(deviations[:, None] ** 2 - deviations**2)
    angle = np.degrees(np.arctan2(change + change.T, apart)) / 2
    np.fill_diagonal(angle, 0)
    return angle.max(axis=1)


def _signs(axes: np.ndarray, third: np.ndarray) -> np.ndarray:
    signs = np.where(third < 0, -1.0, 1.0)
    signs[2] = signs[0] * signs[1] * np.sign(np.linalg.det(axes))
    return signs


def _along(mask: ObjectMask, axes: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, ...]:
    """Third central moment and ends along each axis (3,), the latter from the centroid, in um."""
    origin = np.array(mask.box.start)
    sums, low, high = np.zeros((3, 3)), np.full(3, np.inf), np.full(3, -np.inf)
    steps = axes * spacing[:, None]
    voxels = 0
    for piece, values in mask.pieces((0, 0, 0)):
        start = np.array(piece.start) - origin + 0.5
        voxels += _add_moments(values, start, steps, sums, low, high)
    mean, second, cubed = sums / voxels
    third = cubed - 3 * mean * second + 2 * mean**3
    half = np.abs(steps).sum(axis=0) / 2
    return third, low - half - mean, high + half - mean


@njit(cache=True, nogil=True)
def _add_moments(mask, start, steps, sums, low, high) -> int:
    """Add first to third powers of voxels' places along the axes; returns how many voxels."""
    voxels = 0
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            for x in range(mask.shape[2]):
                if mask[z, y, x]:
                    voxels += 1
                    for k in range(3):
                        place = (z + start[0]) * steps[0, k] + (y + start[1]) * steps[1, k]
                        place += (x + start[2]) * steps[2, k]
                        sums[0, k] += place
                        sums[1, k] += place * place
                        sums[2, k] += place * place * place
                        low[k], high[k] = min(low[k], place), max(high[k], place)
    return voxels
