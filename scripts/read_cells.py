"""Cells of a dataset read or cut out of images, labelled and split."""

from functools import partial
from pathlib import Path

from morphoflow.cells.reading.crops import CropSettings
from morphoflow.cells.reading.label_keys import with_ids
from morphoflow.cells.reading.objects import early_split, object_table
from morphoflow.cells.reading.prepare import read_cells
from morphoflow.cells.reading.sources import resolve, source_labels, source_options, source_paths
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.reading.label_tables import read_label_tables
from morphoflow.store_stream import stream_samples
from morphoflow.tables import write_objects, write_table

# What the log says, beside the counts.
TOLD = ("intensity_range", "images_unknown", "unlabelled")

AXES = ["object", "channel", "y", "x"]


def main(
    *,
    sources: list,
    settings: dict,
    labels: list[Path],
    objects: Path,
    samples: Path,
    quality: Path,
) -> None:
    """Read ``sources`` as ``settings`` say; nothing is left unlisted.

    ``labels`` are the user's tables; those that came with fetched sources are found beside them.
    """
    fetched = [path for source in sources for path in source_labels(source)]
    tables = read_label_tables(fetched, labels, settings, with_ids)
    resolved = [resolve(source) for source in sources]
    paths = [path for source in resolved for path in source_paths(source)]
    options = [source_options(source) for source in resolved]
    made_by = {**settings, "sources": options}
    record = provenance(inputs=[*paths, *fetched, *labels], settings=made_by)
    crops = CropSettings(**settings["crops"])
    with stream_samples(samples, axes=AXES, units="intensity", provenance=record) as stream:
        split = settings["split"]
        splitting = partial(early_split, labels=tables, split=split)
        rows, reports = read_cells(resolved, crops, settings["on_bad_input"], stream, splitting)
        table, findings = object_table(rows, reports, tables, split, settings["on_bad_input"])
    write_table(quality, findings, record)
    write_objects(objects, table, record)
    counts = findings[findings["code"] == "verdict"]["verdict"].value_counts().to_dict()
    for line in findings.loc[findings["code"].isin(TOLD), "message"]:
        print(line)
    print(f"{len(table)} crops; files by verdict: {counts}")


if __name__ == "__main__":
    run(main)
