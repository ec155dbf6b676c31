"""The embedding: an AnnData file that scanpy and cellxgene open as it is."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.files import whole


def make_embedding(x: np.ndarray, objects: pd.DataFrame, provenance: dict) -> anndata.AnnData:
    """Join an embedding ``x`` (n, d) with the rows of the object table, in the same order."""
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        name = objects["id"].iloc[row]
        raise InputError(f"the embedding of '{name}' is not finite; look at the training history.")
    observations = objects.set_index("id")
    for column in observations.select_dtypes(["object", "string"]):
        observations[column] = pd.Categorical(observations[column])
    return anndata.AnnData(
        X=np.ascontiguousarray(x, dtype=np.float32),
        obs=observations,
        uns={"provenance": json.dumps(provenance, sort_keys=True)},
    )


def write_embedding(path: Path, embedding: anndata.AnnData) -> None:
    """Write an embedding as ``.h5ad``."""
    with whole(path) as partial:
        embedding.write_h5ad(partial)


def read_embedding(path: Path) -> anndata.AnnData:
    """Read an embedding: ``X`` (n, d) float32, ``obs`` (indexed by id) its objects."""
    try:
        return anndata.read_h5ad(path)
    except OSError as error:
        raise InputError(f"{path} is not a readable .h5ad file ({error}); embed again.") from None
