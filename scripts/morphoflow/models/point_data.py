"""Point clouds of a sample store as an autoencoder reads them: centred, in one unit."""

import numpy as np
import torch

from morphoflow.errors import InputError
from morphoflow.models.point_network import mean_square
from morphoflow.store import Samples


def read_clouds(samples: Samples, rows: np.ndarray | slice) -> torch.Tensor:
    """The clouds (n, k, 3) float32 of some rows, each around the mean of its points."""
    if samples.x.ndim != 3 or samples.x.shape[2] != 3:
        raise InputError(
            f"the samples have the shape {samples.x.shape}, and point clouds have (n, points, 3); "
            "give the store `points`."
        )
    x = samples.x.oindex[rows].astype(np.float64)
    # Values that are not finite give an extent that is none either.
    with np.errstate(invalid="ignore"):
        x -= x.mean(axis=1, keepdims=True)
        extent = np.ptp(x, axis=1).max(axis=1)
    bad = np.flatnonzero(~(np.isfinite(extent) & (extent > 0)))
    if len(bad):
        name = samples.ids[rows][bad[0]]
        raise InputError(
            f"the point cloud of object '{name}' has an extent of {extent[bad[0]]}; all points lie "
            "in one place or are no numbers: sample the points anew, or leave the object out."
        )
    return torch.from_numpy(x.astype(np.float32))


def read_scale(samples: Samples, rows: np.ndarray | slice) -> torch.Tensor:
    """The nanometres per unit (n,) of the clouds in some rows."""
    if samples.scale is not None:
        return torch.from_numpy(samples.scale[rows].astype(np.float32))
    if samples.attributes["units"] != "nm":
        raise InputError(
            f"the point clouds are in units of '{samples.attributes['units']}' and no `scale` says "
            "how many nm that is; sample them in nm, or with their scale."
        )
    return torch.ones(len(samples.ids[rows]))


def fit_unit(x: torch.Tensor) -> float:
    """The one unit for all clouds: the median radius of clouds (n, k, 3) of the training split.

    Clouds divided by it are of the order of 1 and their sizes differ as before.
    """
    return float(mean_square(x).sqrt().median())
