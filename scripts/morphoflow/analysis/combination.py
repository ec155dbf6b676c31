"""Several embeddings of the same objects side by side, each with a weight."""

import anndata
import numpy as np
import pandas as pd

from morphoflow.embedding import LABEL_SEEN
from morphoflow.errors import InputError
from morphoflow.fitting import train_rows


def combine(sets: list[anndata.AnnData], weights: list[float]) -> tuple[np.ndarray, pd.DataFrame]:
    """Join embeddings (n, d_i) by the ids of their objects to one (n, sum of d_i) float32.

    Each is centred and divided by its total standard deviation (the root of the summed variances of
    its dimensions) over the training objects, so that many dimensions or large numbers count no
    more, and multiplied by the root of its weight: the squared distance of two objects is the
    weighted sum of their squared distances in each. Returns the rows of the object table as well,
    in the order of the first set. Raises InputError where the sets hold other objects, or one is
    the same for all training objects.
    """
    ids = sets[0].obs_names
    for number, data in enumerate(sets[1:], 2):
        if odd := sorted(set(ids) ^ set(data.obs_names)):
            raise InputError(
                f"embedding 1 has {len(ids)} objects and embedding {number} {len(data)}; only one "
                f"of them has '{odd[0]}': embed the same dataset with both models."
            )
    objects = sets[0].obs.rename_axis("id").reset_index()
    train = train_rows(objects)
    parts = [
        _standard(data[ids].X, train, number) * np.sqrt(weight)
        for number, (data, weight) in enumerate(zip(sets, weights, strict=True), 1)
    ]
    # A label that one of the models saw is in what they give together.
    objects[LABEL_SEEN] = np.any([data[ids].obs[LABEL_SEEN].to_numpy() for data in sets], axis=0)
    return np.concatenate(parts, axis=1).astype(np.float32), objects


def _standard(x: np.ndarray, train: np.ndarray, number: int) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    mean, spread = x[train].mean(axis=0), np.sqrt(x[train].var(axis=0).sum())
    if not spread > 0:
        raise InputError(
            f"embedding {number} is the same for all {len(train)} training objects; leave it out "
            "of the combination."
        )
    return (x - mean) / spread
