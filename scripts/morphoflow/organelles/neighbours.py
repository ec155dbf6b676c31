"""An object's surroundings: the nearest other objects, and those that it touches."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

CENTROID = ["centroid_z_um", "centroid_y_um", "centroid_x_um"]


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
