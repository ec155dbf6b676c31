"""New neurons made by a trained model of walks, as trees."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.model import read_model
from morphoflow.models.morphvae.trees import generate_trees, read_source
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.swc_files import write_swc
from morphoflow.tables import align_objects, read_objects, write_table
from morphoflow.training.devices import prepare_device


def main(
    *,
    model: Path,
    samples: Path,
    objects: Path,
    settings: dict,
    output: Path,
    folder: Path,
    table: Path,
    gpus: int,
    threads: int,
) -> None:
    """Make ``settings['number']`` neurons of each class, from the walks that ``model`` learned.

    ``folder`` gets an SWC file of each, ``table`` the class and the origin of each.
    """
    fitted = read_model(model)
    if fitted.name != "morphvae":
        raise InputError(f"the model '{fitted.name}' makes no trees; take one that does, morphvae.")
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    device = prepare_device(gpus, threads)
    forest, origins = generate_trees(
        fitted, read_source(fitted, store, rows, device), settings, device
    )
    code = "scripts/morphoflow/models/morphvae.py"
    inputs = [model, samples, objects]
    record = provenance(inputs=inputs, settings=settings, seed=settings["seed"], modules=(code,))
    forest.write(output, provenance=record)
    write_swc(folder, forest)
    write_table(table, origins, record)
    print(f"{forest.n} neurons of {forest.n_nodes.mean():.0f} nodes on average")


if __name__ == "__main__":
    run(main)
