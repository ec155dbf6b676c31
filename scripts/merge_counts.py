"""The object table of a volume, and its touching pairs, from the counts of all its blocks."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.counting.classes import read_class_tables
from morphoflow.organelles.counting.columns import (
    contact_columns,
    object_columns,
    without_intensity,
)
from morphoflow.organelles.counting.objects import majority_classes, object_table
from morphoflow.organelles.counting.order import block_shape, blocks_of_part
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.counting.table import merged_classes, merged_contacts, merged_labels
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.source import source_names
from morphoflow.provenance import provenance
from morphoflow.tables import read_table, write_objects, write_table


def main(
    *,
    counts: list[Path],
    contacts: list[Path],
    labels: list[Path],
    settings: dict,
    source: dict,
    block: list | None,
    objects: Path,
    contacts_table: Path,
    quality: Path,
) -> None:
    """Merge the parts, measure in physical units, label by the user's tables and split.

    Without parts the volume is counted here, by blocks of ``block`` voxels along z, y and x.
    """
    opened = open_source(source)
    said, names = read_class_tables(labels, settings)
    if counts:
        parts, pieces = ([read_table(path) for path in paths] for paths in (counts, contacts))
    else:
        shape = block_shape(opened.shape, opened.labels.chunks, block)
        table, pairs = count_part(opened, blocks_of_part(opened.shape, shape, 0, 1))
        parts, pieces = [table], [pairs]
    placed = opened.voxel_size_nm, opened.offset.nm
    measured = object_columns(merged_labels(parts), opened.extent, *placed)
    if not opened.has_em:
        measured = without_intensity(measured)
    majority = majority_classes(merged_classes(parts), names)
    file = Path(source["labels"]).name
    table, findings = object_table(measured, said, majority, file, settings, opened.unused)
    pairs = merged_contacts(pieces, table["label_id"])
    touching = contact_columns(pairs, opened.voxel_size_nm)
    made_by = {**settings, "source": source_names(source)}
    record = provenance(inputs=[*counts, *contacts, *labels], settings=made_by)
    write_table(quality, findings, record)
    write_table(contacts_table, touching, record)
    write_objects(objects, table, record)
    print(f"{len(table)} of {len(measured)} objects, {len(touching)} pairs that touch")
    if opened.unused:
        print(opened.unused)


if __name__ == "__main__":
    run(main)
