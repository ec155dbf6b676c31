"""What a trained model of walks makes of single walks: probes under noise, and a map of latents."""

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
    """Write decoded ``probes`` node by node, and the map of up to ``most`` held-out ``walks``."""
    fitted = read_model(model)
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    device = prepare_device(gpus, threads)
    probing = load_model(fitted.code, WalkProbing)
    inputs = [model, samples, objects]
    record = provenance(
        inputs=inputs,
        settings={"most": most},
        seed=seed,
        modules=(str(model_file(fitted.code, WalkProbing)),),
    )
    write_table(probes, probing.probe_table(fitted, seed, device), record)
    table = probing.walk_map(fitted, store, rows, most, seed, device)
    write_table(walks, table, record)
    print(f"{len(table)} walks of {table['id'].nunique()} neurons on the map")


if __name__ == "__main__":
    run(main)
