"""Points at even spacing along the cable of every neuron of a dataset, as a sample store."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.distances import cable_points
from morphoflow.provenance import provenance
from morphoflow.store import write_samples


def main(*, trees: Path, points: int, samples: Path) -> None:
    """Place so many ``points`` on the cable of each neuron of ``trees``."""
    forest = Forest.read(trees)
    x = np.stack([cable_points(forest.neuron(i), points) for i in range(forest.n)])
    write_samples(
        samples,
        forest.ids,
        x.astype(np.float32),
        axes=["neuron", "point", "xyz"],
        units="um",
        provenance=provenance(inputs=[trees], settings={"points": points}),
    )
    print(f"{points} points on each of {forest.n} neurons")


if __name__ == "__main__":
    run(main)
