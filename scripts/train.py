"""A model trained on the samples of a dataset."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.model import Model, read_model, write_model
from morphoflow.models.interface import Trained, load_model, model_file
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, write_table
from morphoflow.training.checkpoint import checkpoint_folder
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import fit
from morphoflow.training.start import labels_seen


def main(
    *,
    model: str,
    code: str,
    settings: dict,
    seed: int,
    samples: Path,
    objects: Path,
    output: Path,
    history: Path,
    checkpoints: Path,
    tensorboard: Path,
    start_from: list[Path],
    gpus: int,
    threads: int,
) -> None:
    """Train ``model`` and write its weights, of the best epoch or the last, with its history.

    ``code`` is the file of its functions. Stopped by a signal, it leaves a checkpoint under
    ``checkpoints`` from which the same command goes on; data are read and checked before a GPU is
    touched. Training begins with the weights of the model ``start_from``, if one is named.
    """
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    inputs = [samples, objects, *start_from]
    record = provenance(
        inputs=inputs, settings=settings, seed=seed, modules=(str(model_file(code)),)
    )
    fabric = make_fabric(gpus=gpus, precision=settings["precision"], threads=threads)
    learner = load_model(code, Trained).build(store, rows, settings, seed, fabric.device)
    ancestors = [read_model(path) for path in start_from]
    for ancestor in ancestors:
        learner.start_from(ancestor.state)
    fitted = fit(
        learner,
        epochs=settings["epochs"],
        patience=settings["patience"],
        seed=seed,
        fabric=fabric,
        checkpoint=checkpoint_folder(checkpoints, model=model, **record),
        tensorboard=tensorboard,
        unit="objects",
    )
    if fabric.is_global_zero:
        write_table(history, fitted.history, record)
        weights = fitted.last if settings.get("keep") == "last" else fitted.best
        seen = labels_seen(rows, settings, ancestors)
        write_model(output, Model(model, code, settings, learner.facts, weights, record, seen))
        fitted.finish()


if __name__ == "__main__":
    run(main)
