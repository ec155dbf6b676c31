"""How a volume's objects are shared among jobs, and in which order they are read."""

import numpy as np
import pandas as pd

from morphoflow.organelles.boxes import Box

# Objects whose boxes begin in the same stretch of this many voxels along an axis are neighbours.
STRETCH = 256
STARTS = ["box_z_start", "box_y_start", "box_x_start"]
STOPS = ["box_z_stop", "box_y_stop", "box_x_stop"]


def objects_of_part(objects: pd.DataFrame, part: int, parts: int) -> pd.DataFrame:
    """The objects that job ``part`` of ``parts`` handles, in the order in which they lie on disk.

    Every object is in one part, and the parts' boxes hold about equally many voxels.
    """
    starts = objects[STARTS].to_numpy()
    order = np.lexsort((*starts.T[::-1], *(starts // STRETCH).T[::-1]))
    voxels = np.prod(objects[STOPS].to_numpy() - starts, axis=1)[order].astype(np.float64)
    middle = np.cumsum(voxels) - voxels / 2
    return objects.iloc[order[(middle * parts // voxels.sum()).astype(int) == part]]


def box_of(row) -> Box:
    """The bounding box of an object, a row of the table (as ``itertuples`` gives it)."""
    start = (row.box_z_start, row.box_y_start, row.box_x_start)
    return Box(start, (row.box_z_stop, row.box_y_stop, row.box_x_stop))
