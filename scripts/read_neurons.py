"""Files of the neurons of a dataset read, repaired, labelled, split and aligned."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.neurons.reading.align import Alignment, align
from morphoflow.neurons.reading.objects import object_table
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.neurons.reading.sources import files_with_neurons
from morphoflow.provenance import provenance
from morphoflow.reading.labels import LabelColumns, read_labels
from morphoflow.shuffle import shuffled_labels
from morphoflow.swc_files import write_swc
from morphoflow.tables import write_objects, write_table

# Findings on the dataset as a whole that its user should see.
WARNINGS = (
    "matched_id",
    "similar_labels",
    "few_groups",
    "mixed_compartments",
    "unusual_size",
    "hidden_file",
    "unread_file",
)


def main(
    *,
    sources: list,
    settings: dict,
    source_labels: list[Path],
    labels: list[Path],
    trees: Path,
    swc: Path,
    objects: Path,
    quality: Path,
    jobs: int,
) -> None:
    """Read ``sources`` (path and units of each) as ``settings`` say; nothing is left unlisted.

    ``source_labels`` came with the sources; ``labels`` are the user's, in columns of their choice.
    So many ``jobs`` read at once. ``swc`` is a folder of the neurons as they were repaired.
    """
    further = tuple(settings["further_labels"])
    columns = LabelColumns(settings["label_column"], settings.get("group_column"), further)
    named = [
        read_labels(source_labels, LabelColumns("label", "group")),
        read_labels(labels, columns),
    ]
    label_table = pd.concat(named, ignore_index=True)
    if "shuffle_labels" in settings:
        label_table = shuffled_labels(label_table, settings["shuffle_labels"])
    parts = [
        Part(files_with_neurons(Path(part["path"])), part["units"], part["voxel_size_um"])
        for part in sources
    ]
    forest, findings = read_neurons(
        parts,
        compartments=settings["compartments"],
        roots=settings["roots"],
        largest_bridge_um=settings.get("largest_bridge_um"),
        on_bad_input=settings["on_bad_input"],
        jobs=jobs,
    )
    rows, findings = object_table(
        forest, findings, label_table, settings["split"], settings["on_bad_input"]
    )
    alignment = Alignment(settings["align"], settings.get("pia_axis"))
    forest, alignments = align(forest, alignment, settings["split"]["seed"])
    rows = pd.concat([rows, alignments], axis=1)
    paths = [path for part in parts for path in part.files]
    record = provenance(inputs=[*paths, *source_labels, *labels], settings=settings)
    forest.write(trees, provenance=record)
    with whole_folder(swc, record) as partial:
        write_swc(partial, forest)
    write_table(quality, findings, record)
    write_objects(objects, rows, record)
    counts = findings.loc[findings["code"] == "verdict", "verdict"].value_counts().to_dict()
    print(f"{forest.n} neurons read; files by verdict: {counts}")
    for message in findings.loc[findings["code"].isin(WARNINGS), "message"]:
        print(f"Warning: {message}.")


if __name__ == "__main__":
    run(main)
