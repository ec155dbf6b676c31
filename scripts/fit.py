"""A baseline fitted to the training split of a dataset."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.model import Model, write_model
from morphoflow.models.interface import Baseline, load_model, model_file
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects


def main(
    *,
    model: str,
    code: str,
    settings: dict,
    seed: int,
    samples: Path,
    objects: Path,
    output: Path,
) -> None:
    """Fit the baseline ``model``, whose functions are in the file ``code``, and write it."""
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    facts, state = load_model(code, Baseline).fit(store, rows, settings, seed)
    record = provenance(
        inputs=[samples, objects],
        settings=settings,
        seed=seed,
        modules=(str(model_file(code)),),
    )
    write_model(output, Model(model, code, settings, facts, state, record))


if __name__ == "__main__":
    run(main)
