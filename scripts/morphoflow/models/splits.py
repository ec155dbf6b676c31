"""The objects that a model is trained on, and those on which its best epoch is chosen."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.fitting import train_rows


def training_and_validation(objects: pd.DataFrame, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the training objects (m,) and of the validation objects (k,), int64.

    Raises InputError if either has no objects, or fewer than ``least``, of which a model that
    tells objects from each other needs two.
    """
    train, validation = train_rows(objects), np.flatnonzero(objects["split"] == "validation")
    if len(validation) == 0:
        raise InputError(
            f'none of the {len(objects)} objects has split "validation", on which the best epoch '
            "is chosen; give it a larger share of the split, or add objects."
        )
    for name, rows in (("train", train), ("validation", validation)):
        if len(rows) < least:
            raise InputError(
                f'only {len(rows)} of {len(objects)} objects has split "{name}", and {least} are '
                "needed to tell one from another; give that split a larger share, or add objects."
            )
    return train, validation
