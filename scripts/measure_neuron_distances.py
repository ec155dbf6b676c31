"""Gromov-Wasserstein distances between all neurons of a dataset."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.neurons.samples.distances import gromov_wasserstein, inner_distances
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import write_table


def main(*, points: Path, output: Path) -> None:
    """Write a row and a column for each neuron, seen at its ``points`` along the cable."""
    samples = read_samples(points)
    distances = gromov_wasserstein(inner_distances(samples.x[:]))
    table = pd.DataFrame(distances, columns=list(samples.ids))
    table.insert(0, "id", samples.ids)
    write_table(output, table, provenance(inputs=[points], settings={}))
    n = len(samples.ids)
    print(f"{n * (n - 1) // 2} distances of {n} neurons, {distances.max():.3g} um at most")


if __name__ == "__main__":
    run(main)
