"""Random walks over the neurons on which they were drawn."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.figures.save import save_figure
from morphoflow.figures.walks import plot_walks, walked_neurons
from morphoflow.forest import Forest
from morphoflow.store import Samples, read_samples
from morphoflow.tables import align_objects, read_objects


def main(*, trees: Path, walks: Path, objects: Path, svg: Path, png: Path) -> None:
    """Draw one neuron of ``trees`` for each of up to six labels, with its walks."""
    forest, samples = Forest.read(trees), read_samples(walks)
    table = align_objects(read_objects(objects), list(forest.ids), str(trees))
    rows = walked_neurons(forest, table["label"].tolist())
    at = _rows_of(samples, forest.ids[rows], walks)
    x = np.stack([samples.x[int(row)] for row in at])
    labels = table["label"].iloc[rows].tolist()
    save_figure(plot_walks(forest.select(rows), labels, x, samples.length[at]), svg, png)


def _rows_of(samples: Samples, ids: np.ndarray, path: Path) -> np.ndarray:
    row = {identifier: i for i, identifier in enumerate(samples.ids)}
    for identifier in ids:
        if identifier not in row:
            raise InputError(f"{path} has no walks of '{identifier}'; sample the walks anew.")
    return np.array([row[identifier] for identifier in ids])


if __name__ == "__main__":
    run(main)
