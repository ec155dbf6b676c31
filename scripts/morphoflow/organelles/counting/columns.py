"""Physical columns of objects out of their counts: the same numbers however these were cut."""

import numpy as np
import pandas as pd

from morphoflow.organelles.counting.table import (
    ANCHORS,
    AXES,
    AXIS_PAIRS,
    FACES,
    INTENSITY,
    PRODUCT,
    STARTS,
    STOPS,
    SUM,
    groups,
    shift_moments,
)
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.units import Size

NM_PER_UM = 1000.0

INTENSITY_COLUMNS = ["intensity_mean", "intensity_sd"]


def object_columns(
    table: pd.DataFrame, extent: Box, voxel_size_nm: Size, offset_nm: Size = (0.0, 0.0, 0.0)
) -> pd.DataFrame:
    """One row a label of a merged ``table`` of counts, ascending by label_id.

    Volume, centroid (of the voxels' centres, where the volume's corner is ``offset_nm``), box and
    anchor (the first voxel in the order z, y, x), ``axis_sd_um`` (standard deviations along the
    principal axes, descending, a voxel counting as a cuboid, not as a point) with the unit vectors
    of the
    axes (z, y, x; the component of largest magnitude is positive), mean and standard deviation of
    the intensity, and whether the object touches the border of the ``extent``, beyond which no
    labels are.

    Sums over indices are whole numbers of any size, and each is rounded once.
    """
    first, group = groups(table["label_id"].to_numpy())
    starts, stops = table[STARTS].to_numpy(), table[STOPS].to_numpy()
    start = np.minimum.reduceat(starts, first)
    stop = np.maximum.reduceat(stops, first)
    size = np.array(voxel_size_nm, dtype=np.float64) / NM_PER_UM
    voxels, sums = _sums(table, first, starts - start[group])
    intensity = np.add.reduceat(table[INTENSITY].to_numpy().astype(object), first)
    anchor = table[ANCHORS].to_numpy()[first]
    deviations, vectors = _principal_axes(_covariance(voxels, sums), size)
    columns = {"label_id": table["label_id"].to_numpy()[first], "voxels": voxels.astype(np.int64)}
    columns["volume_um3"] = voxels.astype(np.float64) * np.prod(size)
    for a, axis in enumerate(AXES):
        twice = 2 * (sums[:, a] + voxels * start[:, a].astype(object)) + voxels
        centroid = (twice / (2 * voxels)).astype(np.float64) * size[a]
        columns[f"centroid_{axis}_um"] = centroid + offset_nm[a] / NM_PER_UM
    columns |= dict(zip([*STARTS, *STOPS, *ANCHORS], [*start.T, *stop.T, *anchor.T], strict=True))
    columns |= {f"axis_sd_um_{k + 1}": deviations[:, k] for k in range(3)}
    columns |= {f"axis_{k + 1}_{AXES[a]}": vectors[:, a, k] for k in range(3) for a in range(3)}
    columns["intensity_mean"] = (intensity[:, 0] / voxels).astype(np.float64)
    columns["intensity_sd"] = np.sqrt(_variance(voxels, intensity[:, 1], intensity[:, 0]))
    columns["touches_border"] = ((start == extent.start) | (stop == extent.stop)).any(axis=1)
    return pd.DataFrame(columns)


def without_intensity(columns: pd.DataFrame) -> pd.DataFrame:
    """The ``columns`` of objects that have no EM."""
    return columns.drop(columns=INTENSITY_COLUMNS)


def contact_columns(contacts: pd.DataFrame, voxel_size_nm: tuple) -> pd.DataFrame:
    """Touching pairs with ids as texts and ``area_um2``, the area of their common faces."""
    z, y, x = np.array(voxel_size_nm, dtype=np.float64) / NM_PER_UM
    area = contacts[FACES].to_numpy() @ np.array([y * x, z * x, z * y])
    ids = {f"id_{k}": contacts[f"label_id_{k}"].astype(str).astype(object) for k in "ab"}
    return contacts.assign(**ids, area_um2=area)


def _sums(table: pd.DataFrame, first: np.ndarray, by: np.ndarray) -> tuple:
    """Voxels (n,) and sums (n, 9) as Python's integers, from the corner of each label's box."""
    voxels = table["voxels"].to_numpy().astype(object)
    sums = table[[*SUM, *PRODUCT]].to_numpy().astype(object)
    shifted = shift_moments(voxels, sums, by.astype(object))
    return np.add.reduceat(voxels, first), np.add.reduceat(shifted, first)


def _covariance(voxels: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Covariances (n, 3, 3) of voxel indices."""
    covariance = np.empty((len(voxels), 3, 3))
    for column, (a, b) in enumerate(AXIS_PAIRS, start=3):
        central = (voxels * sums[:, column] - sums[:, a] * sums[:, b]) / (voxels * voxels)
        covariance[:, a, b] = covariance[:, b, a] = central.astype(np.float64)
    return covariance


def _variance(voxels: np.ndarray, squares: np.ndarray, sums: np.ndarray) -> np.ndarray:
    variance = (voxels * squares - sums * sums) / (voxels * voxels)
    return np.maximum(variance.astype(np.float64), 0)


def _principal_axes(covariance: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations (n, 3), descending, and axes (n, 3, 3) as columns, both in um."""
    physical = covariance * size[:, None] * size + np.diag(size**2 / 12)
    values, vectors = np.linalg.eigh(physical)
    values, vectors = values[:, ::-1], vectors[:, :, ::-1]
    largest = np.abs(vectors).argmax(axis=1)
    signs = np.sign(np.take_along_axis(vectors, largest[:, None, :], axis=1))
    return np.sqrt(np.maximum(values, 0)), vectors * signs
