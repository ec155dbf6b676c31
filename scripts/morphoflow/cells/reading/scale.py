"""The size of cells that were scaled to fill their crops, as one more dimension of an embedding."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError


def join_scale(x: np.ndarray, objects: pd.DataFrame) -> np.ndarray:
    """The embedding ``x`` (n, d) with the logarithm of ``crop_scale`` as its last dimension.

    It is centred, and as wide as the largest principal axis of ``x``, both over the training
    objects, so that size counts as much in a distance as what varies most in shape.
    """
    if "crop_scale" not in objects:
        raise InputError("the object table has no column crop_scale; set join_scale to false.")
    train = (objects["split"] == "train").to_numpy()
    scale = np.log(objects["crop_scale"].to_numpy(dtype=float))
    part = x[train].astype(np.float64)
    widest = np.linalg.svd(part - part.mean(axis=0), compute_uv=False)[0] / np.sqrt(len(part))
    spread = scale[train].std()
    if not spread > 0:
        raise InputError("all training objects have one crop_scale; set join_scale to false.")
    joined = (scale - scale[train].mean()) * (widest / spread)
    return np.column_stack([x, joined]).astype(np.float32)
