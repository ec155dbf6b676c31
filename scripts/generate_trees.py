"""New neurons made by a fitted model."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.model import read_model
from morphoflow.models.interface import TreeMaking, load_model, model_file
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
    """Make ``settings['number']`` neurons of each class, by what ``model`` learned of ``samples``.

    ``folder`` gets an SWC file of each, ``table`` the class and the origin of each.
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
    print(f"{forest.n} neurons of {forest.n_nodes.mean():.0f} nodes on average")


if __name__ == "__main__":
    run(main)
