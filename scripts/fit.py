"""A baseline fitted to the training split of a dataset, and the embedding of all of it."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.model import Model, write_model
from morphoflow.models.interface import Baseline, load_model, model_file
from morphoflow.models.shared.embedding import embed_objects
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects
from morphoflow.training.devices import prepare_device


def main(
    *,
    model: str,
    code: str,
    settings: dict,
    seed: int,
    samples: Path,
    objects: Path,
    output: Path,
    embedding: Path,
    uncertainty: bool,
    size_joined: bool,
    threads: int,
) -> None:
    """Fit the baseline ``model``, whose functions are in the file ``code``, and embed by it."""
    device = prepare_device(0, threads)
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
    embed_objects(
        model=output,
        samples=samples,
        objects=objects,
        output=embedding,
        uncertainty=uncertainty,
        size_joined=size_joined,
        device=device,
    )


if __name__ == "__main__":
    run(main)
