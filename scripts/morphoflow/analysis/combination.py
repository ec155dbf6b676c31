"""Several embeddings side by side, each with a weight, and without what tells batches apart."""

from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd

from morphoflow.embedding import LABEL_SEEN
from morphoflow.errors import InputError
from morphoflow.fitting import train_rows

# Objects for each of Harmony's soft clusters, and the most of these, as its authors have them.
PER_CLUSTER, MOST_CLUSTERS = 30, 100


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


def without_batches(x: np.ndarray, objects: pd.DataFrame, column: str, seed: int) -> np.ndarray:
    """An embedding ``x`` (n, d) float32 in which batches are mixed as far as clusters are shared.

    By Harmony (Korsunsky et al., Nature Methods 16, 2019), for the batches that the ``column`` of
    ``objects`` names; it sees all objects, of every split, and no labels. What differs between
    batches is taken for a fault of theirs: where they hold other kinds of objects, some of what
    sets these apart goes with it. Raises InputError where batches are not known or are one, for one
    dimension, and without the package harmonypy.
    """
    batches = _batches(objects, column)
    if x.shape[1] < 2:
        raise InputError("an embedding of one dimension cannot be corrected; take a larger one.")
    clusters = int(np.clip(len(x) // PER_CLUSTER, 2, MOST_CLUSTERS))
    found = _harmony()(
        x.astype(np.float64),
        {column: batches},
        column,
        nclust=clusters,
        random_state=seed,
        ncores=1,
        verbose=False,
    )
    return np.asarray(found.Z_corr).reshape(x.shape).astype(np.float32)


def _batches(objects: pd.DataFrame, column: str) -> np.ndarray:
    if column not in objects:
        known = ", ".join(sorted(objects.columns))
        raise InputError(f"`correct_for` is '{column}', but the objects have {known}; name one.")
    missing = objects[column].isna()
    if missing.any():
        raise InputError(
            f"'{objects['id'][missing].iloc[0]}' has no value of '{column}', for which embeddings "
            f"are to be corrected ({missing.sum()} of {len(objects)} have none); complete it, or "
            "leave these objects out."
        )
    batches = objects[column].astype(str).to_numpy()
    if len(np.unique(batches)) < 2:
        raise InputError(f"all objects have the same value of '{column}': nothing to correct for.")
    return batches


def _harmony() -> Callable:
    try:
        from harmonypy import run_harmony
    except ImportError:
        raise InputError(
            "`correct_for` needs the package harmonypy, which is not installed; call "
            "`pip install 'harmonypy>=2'`."
        ) from None
    return run_harmony
