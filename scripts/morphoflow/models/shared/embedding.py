"""The embedding of a dataset by a model's file."""

from pathlib import Path

import pandas as pd
import torch

from morphoflow.cells.reading.scale import join_scale
from morphoflow.embedding import LABEL_SEEN, make_embedding, write_embedding
from morphoflow.model import read_model
from morphoflow.models.interface import Embedding, Uncertain, load_model, model_file
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects


def vectors(model: Path, samples: Path, device: str = "cpu") -> pd.DataFrame:
    """The samples of a store by a model's file: a row of d values for each, under its id.

    For a notebook; neither configuration nor object table is needed. Raises InputError for a
    damaged file, and for samples of another size than the model was trained on.
    """
    fitted, store = read_model(Path(model)), read_samples(Path(samples))
    x = load_model(fitted.code, Embedding).embed(fitted, store, torch.device(device))
    return pd.DataFrame(x, index=pd.Index(store.ids, name="id"))


def embed_objects(
    *,
    model: Path,
    samples: Path,
    objects: Path,
    output: Path,
    uncertainty: bool,
    size_joined: bool,
    device: torch.device,
) -> None:
    """Embed every sample with the model, and join the object table's rows.

    With ``uncertainty`` the model says how far off it is for each; with ``size_joined`` the scale
    at which each was cut becomes the last dimension.
    """
    fitted, store = read_model(model), read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    if uncertainty:
        uncertain = load_model(fitted.code, Uncertain)
        x, columns = uncertain.embed_with_uncertainty(fitted, store, device)
        rows = rows.assign(**columns)
    else:
        x = load_model(fitted.code, Embedding).embed(fitted, store, device)
    if size_joined:
        x = join_scale(x, rows)
    record = provenance(
        inputs=[model, samples, objects],
        settings={**fitted.settings, "size_joined": size_joined},
        seed=fitted.provenance["seed"],
        modules=(str(model_file(fitted.code)),),
    )
    rows = rows.assign(**{LABEL_SEEN: rows["id"].isin(fitted.labels_seen)})
    made = make_embedding(x, rows, record, labels_used=bool(fitted.labels_seen))
    write_embedding(output, made)
    print(f"{x.shape[0]} objects in {x.shape[1]} dimensions")
