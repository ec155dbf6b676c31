"""What single walks look like to a trained model of walks."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.model import read_model
from morphoflow.models.interface import WalkProbing, load_model, model_file
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, write_table
from morphoflow.training.devices import prepare_device


def main(
    *,
    model: Path,
    samples: Path,
    objects: Path,
    most: int,
    seed: int,
    probes: Path,
    walks: Path,
    gpus: int,
    threads: int,
) -> None:
    """Decode ``probes``, walks of known shape, and map up to ``most`` held-out ``walks``."""
    fitted = read_model(model)
    probing = load_model(fitted.code, WalkProbing)
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    device = prepare_device(gpus, threads)
    record = provenance(
        inputs=[model, samples, objects],
        settings={"most": most},
        seed=seed,
        modules=(str(model_file(fitted.code, WalkProbing)),),
    )
    write_table(probes, probing.probe_table(fitted, seed, device), record)
    write_table(walks, probing.walk_map(fitted, store, rows, most, seed, device), record)


if __name__ == "__main__":
    run(main)
