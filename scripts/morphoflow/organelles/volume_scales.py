"""How large an object becomes in its sample volume; none is ever cut."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from morphoflow.organelles.parts import STARTS, STOPS
from morphoflow.organelles.resample_weights import OVERHANG


@dataclass(frozen=True)
class VolumeSettings:
    """How sample volumes are cut.

    ``size`` is the side of the cube in voxels. With ``scale`` ``object`` the longest side of each
    object's box takes the share ``fill`` of the cube. With ``fixed`` a voxel is ``voxel_nm`` long
    in all samples, and an object that does not fit is scaled down as with ``object``; without
    ``voxel_nm`` it is as fine as the largest object allows. ``background``: outside of the object
    the EM is set to zero (``mask``) or kept (``keep``).
    """

    size: int
    scale: Literal["fixed", "object"]
    fill: float
    background: Literal["mask", "keep"]
    voxel_nm: float | None = None


def volume_scales(
    objects: pd.DataFrame, voxel_size_nm: tuple[float, float, float], settings: VolumeSettings
) -> np.ndarray:
    """The side of a sample voxel in nm, (n,) float32, at which each object is whole in its cube.

    ``objects`` are all objects of the volume, on which a fixed scale depends.
    """
    voxel = np.asarray(voxel_size_nm)
    sides = (objects[STOPS].to_numpy() - objects[STARTS].to_numpy()) * voxel
    # Interpolation spreads an object of few voxels, which must not reach out of the cube either.
    least = (sides + 2 * OVERHANG * voxel).max(axis=1) / settings.size
    filling = np.maximum(sides.max(axis=1) / (settings.fill * settings.size), least)
    if settings.scale == "fixed" and settings.voxel_nm is None:
        filling[:] = filling.max()
    elif settings.scale == "fixed":
        filling[least <= settings.voxel_nm] = settings.voxel_nm
    return filling.astype(np.float32)
