"""Simulated class IV neurons: images, their trees as SWC, and what is true of them."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.dendrites.simulator.set import SetSettings, write_set
from morphoflow.provenance import provenance


def main(*, settings: dict, output: Path) -> None:
    """Write images, trees and truth.csv into the folder ``output``."""
    made = SetSettings.read(settings)
    truth = write_set(output, made, provenance(inputs=[], settings=settings, seed=made.seed))
    length = truth["length_um"].mean()
    print(f"{len(truth)} neurons of {truth['label'].nunique()} populations, {length:.0f} um each")


if __name__ == "__main__":
    run(main)
