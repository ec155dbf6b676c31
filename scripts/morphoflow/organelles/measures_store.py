"""The second pass' measures joined to the object table, and as a sample store's features."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.organelles.measures import GROUPS


def join_measures(objects: pd.DataFrame, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The objects with the measures of all parts, in the order of the object table.

    Raises InputError where an object has no measures, or more than one row of them.
    """
    measures = pd.concat([part for part in parts if len(part)], ignore_index=True)
    absent = sorted(set(objects["id"]) ^ set(measures["id"]))
    if absent or len(measures) != len(objects):
        raise InputError(
            f"the measured parts hold {len(measures)} rows for {len(objects)} objects "
            f"(first difference: {absent[:1]}); measure all parts of this object table anew."
        )
    joined = objects.merge(measures, on="id", how="left", validate="one_to_one")
    joined["slenderness"] = joined["skeleton_length_um"] / joined["radius_mean_um"]
    return joined


def feature_matrix(shapes: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """All measures that models may use, (n, d) float32, and their names; none is missing."""
    names = [name for group in GROUPS.values() for name in group if name in shapes]
    return shapes[names].to_numpy(dtype=np.float32), names
