"""New neurons made by a trained model of walks, and what its single walks look like."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.model import read_model
from morphoflow.models.interface import TreeMaking, WalkProbing, load_model, model_file
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
    most: int,
    seed: int,
    probes: Path,
    walks: Path,
    gpus: int,
    threads: int,
) -> None:
    """Make ``settings['number']`` neurons of each class, from the walks that ``model`` learned.

    ``folder`` gets an SWC file of each, ``table`` the class and the origin of each. Decoded
    ``probes`` show single walks node by node, and a map up to ``most`` held-out ``walks``.
    """
    fitted = read_model(model)
    making = load_model(fitted.code, TreeMaking)
    store = read_samples(samples)
    rows = align_objects(read_objects(objects), store.ids, str(samples))
    device = prepare_device(gpus, threads)
    forest, origins = making.make_trees(fitted, store, rows, settings, device)
    code = str(model_file(fitted.code, TreeMaking))
    inputs = [model, samples, objects]
    record = provenance(inputs=inputs, settings=settings, seed=settings["seed"], modules=(code,))
    forest.write(output, provenance=record)
    with whole_folder(folder, record) as partial:
        write_swc(partial, forest)
    write_table(table, origins, record)
    probing = load_model(fitted.code, WalkProbing)
    record = provenance(
        inputs=inputs,
        settings={"most": most},
        seed=seed,
        modules=(str(model_file(fitted.code, WalkProbing)),),
    )
    write_table(probes, probing.probe_table(fitted, seed, device), record)
    write_table(walks, probing.walk_map(fitted, store, rows, most, seed, device), record)
    print(f"{forest.n} neurons of {forest.n_nodes.mean():.0f} nodes on average")


if __name__ == "__main__":
    run(main)
