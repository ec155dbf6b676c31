"""The labels in a share of a volume's blocks: sums for each, and faces of touching pairs."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.counting.order import block_shape, blocks_of_part
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.source import source_names
from morphoflow.provenance import provenance
from morphoflow.tables import write_table


def main(
    *, source: dict, block: list | None, part: int, parts: int, counts: Path, contacts: Path
) -> None:
    """Count the blocks of job ``part`` of ``parts``; ``block`` is in voxels along z, y and x."""
    opened = open_source(source)
    shape = block_shape(opened.shape, opened.labels.chunks, block)
    boxes = blocks_of_part(opened.shape, shape, part, parts)
    table, pairs = count_part(opened, boxes)
    settings = {"source": source_names(source), "block": block, "part": part, "parts": parts}
    record = provenance(inputs=[], settings=settings)
    write_table(counts, table, record)
    write_table(contacts, pairs, record)
    voxels = sum(box.size for box in boxes)
    print(f"{table['label_id'].nunique()} labels in {len(boxes)} blocks, {voxels} voxels")


if __name__ == "__main__":
    run(main)
