"""How densely objects lie in the parts of a volume."""

import numpy as np
import pandas as pd

from morphoflow.organelles.neighbours import CENTROID


def density_map(objects: pd.DataFrame, extent_um: np.ndarray, cell_um: float) -> pd.DataFrame:
    """Objects in each cell of a grid of ``cell_um``, one row a cell, empty ones included.

    ``extent_um`` (3,) is the size of the volume along z, y and x; cells at its end are cut, as
    ``cell_volume_um3`` says. An object counts as a whole in the cell that holds its centroid, so
    that counts and volumes add up to those of the table.
    """
    cells = np.maximum(1, np.ceil(extent_um / cell_um - 1e-9)).astype(int)
    index = np.clip(objects[CENTROID].to_numpy() // cell_um, 0, cells - 1).astype(int)
    flat = np.ravel_multi_index(index.T, cells)
    start = np.indices(cells).reshape(3, -1).T * cell_um
    stop = np.minimum(start + cell_um, extent_um)
    total = len(start)
    volume = np.bincount(flat, weights=objects["volume_um3"], minlength=total)
    room = np.prod(stop - start, axis=1)
    columns = {f"centre_{a}_um": (start + stop)[:, i] / 2 for i, a in enumerate("zyx")}
    columns["objects"] = np.bincount(flat, minlength=total)
    columns["volume_um3"], columns["cell_volume_um3"] = volume, room
    columns["volume_fraction"] = volume / room
    return pd.DataFrame(columns)
