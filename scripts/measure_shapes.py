"""Shape and intensity features of every cell of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.cells.shapes.features import measure
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.store import read_samples, write_samples
from morphoflow.tables import align_objects, read_objects


def main(*, samples: Path, objects: Path, output: Path) -> None:
    """Measure the crops of ``samples``; the names of the features carry their units."""
    crops = read_samples(samples)
    x, names = measure(crops, align_objects(read_objects(objects), crops.ids, str(samples)))
    write_samples(
        output,
        crops.ids,
        x,
        axes=["object", "feature"],
        units="as each name says",
        names=names,
        provenance=provenance(inputs=[samples, objects], settings={}),
    )
    print(f"{len(names)} features of {len(x)} cells")


if __name__ == "__main__":
    run(main)
