"""Shape and intensity features of every cell of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.cells.reading.sources import resolve, source_paths
from morphoflow.cells.shapes.features import measure
from morphoflow.cells.shapes.normalise import normalised
from morphoflow.cells.shapes.source import measure_sources
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.store import read_samples, write_samples
from morphoflow.tables import align_objects, read_objects


def main(
    *,
    sources: list,
    pieces: str,
    settings: dict,
    samples: Path,
    objects: Path,
    output: Path,
) -> None:
    """Measure the cells of ``samples``; the names of the features carry their units, if any.

    They are measured in their ``sources`` where all of these are images with masks, before any
    scaling, with ``pieces`` as they were cut; otherwise, in the crops, where the ``segmentation``
    of the ``settings`` finds objects that have no mask.
    """
    crops = read_samples(samples)
    rows = align_objects(read_objects(objects), crops.ids, str(samples))
    resolved = [resolve(source) for source in sources]
    at_source = all("images" in source for source in resolved)
    if at_source:
        x, names = measure_sources(resolved, crops, rows, pieces)
    else:
        x, names = measure(crops, rows, settings["segmentation"])
    x, names = normalised(x, names, rows, settings)
    made_by = {"pieces": pieces, **settings}
    paths = [path for source in resolved for path in source_paths(source)] if at_source else []
    write_samples(
        output,
        crops.ids,
        x,
        axes=["object", "feature"],
        units="as each name says",
        names=names,
        facts={"controls": settings["controls"]} if "controls" in settings else None,
        provenance=provenance(inputs=[samples, objects, *paths], settings=made_by),
    )
    print(f"{len(names)} features of {len(x)} {'cells' if at_source else 'crops'}")


if __name__ == "__main__":
    run(main)
