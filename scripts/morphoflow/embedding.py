"""The embedding and what is found of it: AnnData files that scanpy opens as they are."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.files import SEAL_BYTES, check_seal, seal_of, whole

# Whether the label of an object was seen, and whether any label was, of these objects or others.
LABEL_SEEN, LABELS_USED = "label_seen", "labels_used"
# The column of ``var`` that says which model a dimension of several combined ones comes from.
PART = "part"


def make_embedding(
    x: np.ndarray,
    objects: pd.DataFrame,
    provenance: dict,
    *,
    labels_used: bool = False,
    parts: list[str] | None = None,
) -> anndata.AnnData:
    """Join an embedding ``x`` (n, d) with the rows of the object table, in the same order.

    ``labels_used`` says that its model saw labels, be it of other objects; the column
    ``label_seen`` of ``objects`` says of which of these, none where it is left out. ``parts`` (d,)
    are the models that the dimensions come from, where there are several.
    """
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        name = objects["id"].iloc[row]
        raise InputError(f"the embedding of '{name}' is not finite; look at the training history.")
    observations = objects.set_index("id")
    if LABEL_SEEN not in observations:
        observations[LABEL_SEEN] = False
    for column in observations.select_dtypes(["object", "string"]):
        observations[column] = pd.Categorical(observations[column])
    names = pd.Index([f"dimension_{k}" for k in range(1, x.shape[1] + 1)])
    return anndata.AnnData(
        X=np.ascontiguousarray(x, dtype=np.float32),
        obs=observations,
        var=pd.DataFrame({} if parts is None else {PART: parts}, index=names),
        uns={"provenance": nested(provenance), LABELS_USED: labels_used},
    )


def nested(record: dict) -> dict:
    """A provenance as mappings and texts alone, which every version of AnnData reads.

    What is missing is left out; lists of anything but texts and numbers become JSON.
    """
    return {key: _plain(value) for key, value in record.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return nested(value)
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return json.dumps(value)
    return value


def write_embedding(path: Path, embedding: anndata.AnnData) -> None:
    """Write an embedding as ``.h5ad``."""
    with whole(path) as partial:
        embedding.write_h5ad(partial)
        # In plain text, so that it can be told of a damaged file. HDF5 knows where it ends.
        made_by = f'\n"command": "{embedding.uns["provenance"].get("command", "")}"'.encode()
        content = partial.read_bytes() + made_by
        partial.write_bytes(content + seal_of(content))


def read_embedding(path: Path) -> anndata.AnnData:
    """Read an embedding: ``X`` (n, d) float32, ``obs`` (indexed by id) its objects.

    Only once its checksum is found to be right: a damaged HDF5 file may never be read to an end.
    """
    try:
        content = memoryview(Path(path).read_bytes())
        check_seal(path, bytes(content[-SEAL_BYTES:]), content[:-SEAL_BYTES])
        return anndata.read_h5ad(path)
    except OSError as error:
        raise InputError(f"{path} is not a readable .h5ad file ({error}); embed again.") from None


def labels_used(embedding: anndata.AnnData) -> bool:
    """Whether the model of an embedding, or one that it started from, saw labels.

    Raises InputError where the embedding does not say so: no score of it could be trusted.
    """
    if LABELS_USED not in embedding.uns or LABEL_SEEN not in embedding.obs:
        raise InputError(
            "the embedding does not say whether its model saw labels, so that nothing can be told "
            "from how well it predicts them; embed the objects again."
        )
    return bool(embedding.uns[LABELS_USED])
