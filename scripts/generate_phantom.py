"""A generated EM volume with organelles of five known shapes, and what is true of them."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.phantom.phantom import PhantomSettings, write_phantom
from morphoflow.provenance import provenance


def main(*, settings: dict, output: Path) -> None:
    """Write em.zarr, labels.zarr, classes.csv and truth.csv into the folder ``output``."""
    record = provenance(inputs=[], settings=settings, seed=settings.get("seed", 0))
    truth = write_phantom(output, PhantomSettings(**settings), record)
    border = int(truth["touches_border"].sum())
    print(f"{len(truth)} objects of {truth['label'].nunique()} classes, {border} at the border")


if __name__ == "__main__":
    run(main)
