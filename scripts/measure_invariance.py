"""How far turns and flips of the test cells move their embedding by a fitted model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from morphoflow.analysis.invariance import invariance_scores, invariance_table
from morphoflow.analysis.scores import score_table
from morphoflow.command import run
from morphoflow.model import read_model
from morphoflow.models.interface import Embedding, load_model, model_file
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, write_table
from morphoflow.training.devices import prepare_device

# Cells that are turned, evenly spaced among the test ones in the order of the store.
MOST = 200


def main(
    *,
    model: Path,
    samples: Path,
    objects: Path,
    seed: int,
    dataset: str,
    variant: str,
    output: Path,
    scores: Path,
    gpus: int,
    threads: int,
) -> None:
    """Embed the test cells as they are and turned, and write how far they move."""
    fitted, store = read_model(model), read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    device = prepare_device(gpus, threads)
    embedding = load_model(fitted.code, Embedding)
    test = np.flatnonzero(rows["split"] == "test")
    test = test[np.unique(np.linspace(0, len(test) - 1, min(MOST, len(test))).astype(int))]

    def embed(x: Tensor) -> np.ndarray:
        return embedding.embed(fitted, replace(store, x=x.numpy(), ids=store.ids[test]), device)

    x = torch.from_numpy(store.x.oindex[test])
    table = invariance_table(store.ids[test], x, embed)
    record = provenance(
        inputs=[model, samples, objects],
        settings=fitted.settings,
        seed=seed,
        modules=(str(model_file(fitted.code)),),
    )
    write_table(output, table, record)
    named = {"dataset": dataset, "model": fitted.name, "variant": variant, "seed": seed}
    rows = invariance_scores(table)
    write_table(scores, score_table(named, rows), record)
    print(", ".join(f"{row['score']} {row['value']:.4f}" for row in rows))


if __name__ == "__main__":
    run(main)
