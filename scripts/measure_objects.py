"""Shape measures of one part's objects, from their masks."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.counting.order import objects_of_part
from morphoflow.organelles.shapes.measures import measure_objects
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.source import source_names
from morphoflow.provenance import provenance
from morphoflow.tables import read_objects, write_table


def main(*, source: dict, objects: Path, part: int, parts: int, legacy: bool, output: Path) -> None:
    """Measure the objects of ``part`` of ``parts``, of which only bounding boxes are read.

    ``legacy`` adds the published features per slice.
    """
    table = read_objects(objects)
    chosen = objects_of_part(table, part, parts)
    measures = measure_objects(open_source(source), chosen, legacy=legacy)
    settings = {"source": source_names(source), "part": part, "parts": parts, "legacy": legacy}
    record = provenance(inputs=[objects], settings=settings)
    write_table(output, measures, record)
    print(f"{len(measures)} of {len(table)} objects measured")


if __name__ == "__main__":
    run(main)
