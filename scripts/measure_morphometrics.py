"""Morphometric features of every neuron of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.provenance import provenance
from morphoflow.store import write_samples


def main(*, trees: Path, samples: Path) -> None:
    """Measure ``trees``; the names of the features carry their units."""
    forest = Forest.read(trees)
    x, names = morphometrics(forest)
    write_samples(
        samples,
        forest.ids,
        x,
        axes=["neuron", "feature"],
        units="as each name says",
        names=names,
        provenance=provenance(inputs=[trees], settings={}),
    )
    print(f"{len(names)} features of {forest.n} neurons")


if __name__ == "__main__":
    run(main)
