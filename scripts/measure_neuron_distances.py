"""Gromov-Wasserstein distances between all neurons of a dataset."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.distances import gromov_wasserstein, inner_distances
from morphoflow.provenance import provenance
from morphoflow.tables import write_table


def main(*, trees: Path, points: int, output: Path) -> None:
    """Write a row and a column for each neuron of ``trees``, each seen at so many ``points``."""
    forest = Forest.read(trees)
    distances = gromov_wasserstein(inner_distances(forest, points))
    table = pd.DataFrame(distances, columns=forest.ids.tolist())
    table.insert(0, "id", forest.ids)
    write_table(output, table, provenance(inputs=[trees], settings={"points": points}))
    pairs = forest.n * (forest.n - 1) // 2
    print(f"{pairs} distances of {forest.n} neurons, {distances.max():.3g} um at most")


if __name__ == "__main__":
    run(main)
