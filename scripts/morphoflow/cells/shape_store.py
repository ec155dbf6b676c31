"""Shape features of the crops of a sample store, in pieces that fit into memory."""

import numpy as np
import pandas as pd

from morphoflow.cells.shape_features import invariant, object_weights, shape_features
from morphoflow.errors import InputError
from morphoflow.store import Samples

BLOCK = 256


def measure(crops: Samples, objects: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """The invariant features (n, d) float32 of the form ``crops``, and their names.

    ``objects`` are its rows of the object table, whose ``crop_scale`` and ``pixel_size_um`` say
    how large a pixel of each crop is: the size of a cell does not depend on how it was cut.

    The object is what the store's mask says, and where it has none, the pixels above half of the
    crop's largest value. Raises InputError for a crop without any object.
    """
    channels = crops.attributes["channels"]
    scale, width = objects["crop_scale"].to_numpy(), objects["pixel_size_um"].to_numpy(dtype=float)
    known = not np.isnan(width).any()
    blocks, names = [], []
    for begin in range(0, len(crops.ids), BLOCK):
        rows = slice(begin, begin + BLOCK)
        x = np.asarray(crops.x[rows])
        mask = None if crops.mask is None else crops.mask[rows]
        weights = object_weights(x, mask)
        _check(weights, crops.ids[rows])
        pixel_um = width[rows] if known else None
        values, names = invariant(shape_features(x, weights, channels, pixel_um, scale[rows]))
        blocks.append(values)
    return np.concatenate(blocks), names


def _check(weights: np.ndarray, ids: np.ndarray) -> None:
    """Raise InputError for the first object that covers nothing."""
    empty = np.flatnonzero(weights.max(axis=(1, 2)) == 0)
    if len(empty):
        raise InputError(
            f"'{ids[empty[0]]}' and {len(empty) - 1} other crops hold no object: the mask, or the "
            "crop where there is no mask, is 0 everywhere; remove them, or correct their masks."
        )
