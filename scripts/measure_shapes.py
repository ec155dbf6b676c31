"""Shape and intensity features of every cell of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.cells.shape_store import measure
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.store import read_samples, write_samples


def main(*, samples: Path, output: Path) -> None:
    """Measure the crops of ``samples``; the names of the features carry their units."""
    crops = read_samples(samples)
    x, names = measure(crops)
    write_samples(
        output,
        crops.ids,
        x,
        axes=["object", "feature"],
        units="as each name says",
        names=names,
        provenance=provenance(inputs=[samples], settings={}),
    )
    print(f"{len(names)} features of {len(x)} cells")


if __name__ == "__main__":
    run(main)
