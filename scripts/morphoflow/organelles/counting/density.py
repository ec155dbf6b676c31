"""How densely objects lie in the parts of a volume."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

CENTROID = ["centroid_z_um", "centroid_y_um", "centroid_x_um"]


def density_map(
    objects: pd.DataFrame, corner_um: np.ndarray, extent_um: np.ndarray, cell_um: float
) -> pd.DataFrame:
    """Objects in each cell of a grid of ``cell_um``, one row a cell, empty ones included.

    The grid begins at ``corner_um`` (3,) along z, y and x and ends ``extent_um`` (3,) after; cells
    at its end are cut, as ``cell_volume_um3`` says. An object counts as a whole in the cell that
    holds its centroid, so that counts and volumes add up to those of the table.
    """
    cells = np.maximum(1, np.ceil(extent_um / cell_um - 1e-9)).astype(int)
    places = objects[CENTROID].to_numpy() - corner_um
    index = np.clip(places // cell_um, 0, cells - 1).astype(int)
    flat = np.ravel_multi_index(index.T, cells)
    start = np.indices(cells).reshape(3, -1).T * cell_um
    stop = np.minimum(start + cell_um, extent_um)
    total = len(start)
    volume = np.bincount(flat, weights=objects["volume_um3"], minlength=total)
    room = np.prod(stop - start, axis=1)
    centres = (start + stop) / 2 + corner_um
    columns = {f"centre_{a}_um": centres[:, i] for i, a in enumerate("zyx")}
    columns["objects"] = np.bincount(flat, minlength=total)
    columns["volume_um3"], columns["cell_volume_um3"] = volume, room
    columns["volume_fraction"] = volume / room
    return pd.DataFrame(columns)


# An object's surroundings: the nearest other objects, and those that it touches.


def neighbours(objects: pd.DataFrame, radius_um: float) -> pd.DataFrame:
    """Distance to the nearest other centroid, and how many lie within ``radius_um``.

    Columns ``nearest_centroid_um``, missing for a single object, and ``neighbours``; the rows are
    those of ``objects``.
    """
    points = objects[CENTROID].to_numpy()
    tree = cKDTree(points)
    nearest = tree.query(points, k=[2])[0][:, 0]
    nearest = np.where(np.isfinite(nearest), nearest, np.nan)
    count = tree.query_ball_point(points, radius_um, return_length=True) - 1
    return pd.DataFrame({"nearest_centroid_um": nearest, "neighbours": count}, index=objects.index)


def touching(objects: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """The number of objects that each touches and the area of those contacts, 0 where none.

    ``contacts`` has a row for each touching pair: ``label_id_a``, ``label_id_b``, ``area_um2``.
    Columns ``contacts`` and ``contact_area_um2``; the rows are those of ``objects``.
    """
    ends = pd.concat([contacts["label_id_a"], contacts["label_id_b"]])
    area = pd.concat([contacts["area_um2"]] * 2).groupby(ends.to_numpy()).agg(["size", "sum"])
    area = area.reindex(objects["label_id"].to_numpy()).fillna(0)
    columns = {"contacts": area["size"].astype(int), "contact_area_um2": area["sum"]}
    return pd.DataFrame({n: c.to_numpy() for n, c in columns.items()}, index=objects.index)
