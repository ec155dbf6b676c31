"""Generated populations of toy neurons, as SWC files with their labels."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.manifest import list_files
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.provenance import provenance
from morphoflow.reading.labels import write_labels
from morphoflow.swc_files import write_swc


def main(*, name: str, per_population: int, seed: int, archive: Path, labels: Path) -> None:
    """Grow the populations of the set ``name`` and write them."""
    forest, populations = generate_toy_set(name, per_population, seed)
    write_swc(archive, forest)
    table = {"id": forest.ids, "label": populations, "group": forest.ids}
    settings = {"name": name, "per_population": per_population}
    record = provenance(inputs=[], settings=settings, seed=seed)
    list_files([archive], record)
    write_labels(labels, pd.DataFrame(table), record)
    print(f"{forest.n} neurons in {len(set(populations))} populations")


if __name__ == "__main__":
    run(main)
