"""What analyses need from the rows of an embedding's objects, as plain arrays."""

import numpy as np
import pandas as pd
from anndata import AnnData

from morphoflow.embedding import LABEL_SEEN, labels_used

# A column of the objects by which others were normalised.
NORMALISED_BY = "controls_of_features"


def labels_of(observations: pd.DataFrame, column_name: str = "label") -> np.ndarray:
    """The labels (n,) of a column as strings; None where an object has none.

    Nor do objects have any that :func:`mark_controls` has marked.
    """
    column = observations[column_name].astype(object)
    labels = np.array([None if pd.isna(label) else str(label) for label in column], dtype=object)
    if NORMALISED_BY in observations:
        labels[observations[NORMALISED_BY].to_numpy(dtype=bool)] = None
    return labels


def mark_controls(data: AnnData, controls: dict | None) -> None:
    """Mark the objects by which the features of the dataset were normalised, if any were.

    ``controls`` are a ``column`` and its ``values``. That an object is a control is then in its
    features, which lie nearer to the middle than those of others, and in the embeddings and
    predictions that are made of them: even of labels without meaning it would be told.
    """
    if controls:
        column = data.obs[controls["column"]].astype(object)
        data.obs[NORMALISED_BY] = column.map(str).isin(controls["values"]).to_numpy()
        n = int(data.obs[NORMALISED_BY].sum())
        print(f"no label of {n} controls is predicted: features were normalised by these objects")


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
