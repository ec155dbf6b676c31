"""What analyses need from the rows of an embedding's objects, as plain arrays."""

import numpy as np
import pandas as pd
from anndata import AnnData

from morphoflow.embedding import LABEL_SEEN, labels_used


def labels_of(observations: pd.DataFrame, column_name: str = "label") -> np.ndarray:
    """The labels (n,) of a column as strings; None where an object has none."""
    column = observations[column_name].astype(object)
    return np.array([None if pd.isna(label) else str(label) for label in column], dtype=object)


def splits_of(observations: pd.DataFrame) -> np.ndarray:
    """The split (n,) of each object as strings."""
    return observations["split"].astype(str).to_numpy(dtype=object)


def held_out_splits(data: AnnData) -> np.ndarray:
    """The split (n,) of each object, in which those whose label a model saw are no test objects.

    A model that starts from another's weights may have another split than that one, so that an
    object of its test split is one whose label was learned from before.
    """
    splits = splits_of(data.obs)
    seen = data.obs[LABEL_SEEN].to_numpy(dtype=bool)
    return np.where((splits == "test") & seen, "train", splits)


def judging_labels(data: AnnData) -> np.ndarray:
    """The labels (n,) that the embedding as a whole may be held against; None for others.

    All labels, or where the model saw any, those of its test objects alone.
    """
    labels = labels_of(data.obs)
    if labels_used(data):
        labels[held_out_splits(data) != "test"] = None
    return labels
