"""A baseline fitted to the training split of a dataset."""

import importlib
from pathlib import Path

from morphoflow.command import run
from morphoflow.model import Model, write_model
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects


def main(
    *, model: str, settings: dict, seed: int, samples: Path, objects: Path, output: Path
) -> None:
    """Fit the baseline named ``model`` and write it."""
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    module = importlib.import_module(f"morphoflow.models.{model}")
    facts, state = module.fit(store, rows, settings, seed)
    record = provenance(
        inputs=[samples, objects],
        settings=settings,
        seed=seed,
        modules=(f"scripts/morphoflow/models/{model}.py",),
    )
    write_model(output, Model(model, settings, facts, state, record))


if __name__ == "__main__":
    run(main)
