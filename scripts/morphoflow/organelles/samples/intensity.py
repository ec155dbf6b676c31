"""EM intensities of any type brought to 0..255, alike for all objects of a volume."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from morphoflow.errors import InputError

DEVIATIONS = 3


@dataclass(frozen=True)
class Levels:
    """The intensities that become 0 and 255."""

    low: float
    high: float

    def apply(self, em: np.ndarray) -> np.ndarray:
        """Intensities as float32 in 0..255, cut off at the ends."""
        low, factor = self.line(em.dtype)
        return np.clip((em.astype(np.float32) - low) * factor, 0, 255)

    def line(self, dtype: np.dtype) -> tuple[np.float32, np.float32]:
        """What to take from EM of ``dtype``, and by what then to multiply; uint8 stays as it is."""
        if dtype == np.uint8:
            return np.float32(0), np.float32(1)
        return np.float32(self.low), np.float32(255 / (self.high - self.low))


def levels(objects: pd.DataFrame, dtype: np.dtype) -> Levels:
    """The levels for EM of ``dtype``: uint8 stays as it is, other types are stretched.

    Their range is the mean over all objects' voxels and three standard deviations to either side,
    known from the object table before a voxel is read. Raises InputError for an object whose
    intensity is not finite.
    """
    if dtype == np.uint8:
        return Levels(0, 255)
    voxels, mean, sd = (
        objects[name].to_numpy(np.float64) for name in ("voxels", "intensity_mean", "intensity_sd")
    )
    wrong = np.flatnonzero(~np.isfinite(mean + sd))
    if len(wrong):
        raise InputError(
            f"the EM of object '{objects['id'].iloc[wrong[0]]}' has the mean intensity "
            f"{mean[wrong[0]]}; replace values in the EM that are not finite."
        )
    middle = np.average(mean, weights=voxels)
    spread = np.sqrt(np.average(sd**2 + (mean - middle) ** 2, weights=voxels))
    reach = DEVIATIONS * spread if spread > 0 else 1.0
    return Levels(middle - reach, middle + reach)
