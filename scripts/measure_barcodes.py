"""Barcodes of every neuron of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.barcodes import NAMES, barcodes
from morphoflow.provenance import provenance
from morphoflow.store import write_samples


def main(*, trees: Path, samples: Path) -> None:
    """Measure where each branch of ``trees`` begins and ends, as distances from the soma."""
    forest = Forest.read(trees)
    x, length = barcodes(forest)
    write_samples(
        samples,
        forest.ids,
        x,
        axes=["neuron", "bar", "distance"],
        units="um",
        names=NAMES,
        length=length,
        provenance=provenance(inputs=[trees], settings={}),
    )
    print(f"{length.mean():.1f} bars for each of {forest.n} neurons, on average")


if __name__ == "__main__":
    run(main)
