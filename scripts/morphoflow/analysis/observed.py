"""What analyses need from the rows of an embedding's objects, as plain arrays."""

import numpy as np
import pandas as pd


def labels_of(observations: pd.DataFrame) -> np.ndarray:
    """The labels (n,) as strings; None where an object has none."""
    column = observations["label"].astype(object)
    return np.array([None if pd.isna(label) else str(label) for label in column], dtype=object)


def splits_of(observations: pd.DataFrame) -> np.ndarray:
    """The split (n,) of each object as strings."""
    return observations["split"].astype(str).to_numpy(dtype=object)
