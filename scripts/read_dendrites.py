"""Images of dendrites cut, scaled and stored with their pyramids, grouped by neuron and split."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.dendrites.reading.files import (
    is_simulated,
    resolve,
    source_options,
    source_paths,
    truth_table,
)
from morphoflow.dendrites.reading.objects import object_table
from morphoflow.dendrites.reading.prepare import read_dendrites
from morphoflow.dendrites.similar.similar import similar_images
from morphoflow.provenance import provenance
from morphoflow.reading.label_tables import read_label_tables
from morphoflow.store_stream import stream_samples
from morphoflow.tables import write_objects, write_table

AXES = ["object", "channel", "y", "x"]


def main(
    *,
    sources: list,
    settings: dict,
    labels: list[Path],
    objects: Path,
    samples: Path,
    quality: Path,
    similar: Path,
) -> None:
    """Read ``sources`` as ``settings`` say; nothing is left unlisted.

    ``labels`` are the user's tables. ``similar`` lists the pairs of images that seem to show one
    neuron, which share a group and with it a split.
    """
    resolved = [resolve(source) for source in sources]
    truths = [truth_table(source, settings) for source in resolved if is_simulated(source)]
    tables = [*truths, *read_label_tables([], labels, settings)]
    paths = [path for source in sources for path in source_paths(source)]
    made_by = {**settings, "sources": [source_options(source) for source in sources]}
    record = provenance(inputs=[*paths, *labels], settings=made_by)
    with stream_samples(samples, axes=AXES, units="1/255", provenance=record) as stream:
        reading = read_dendrites(resolved, settings, stream)
        pairs, numbers = similar_images(reading, settings["size"], settings.get("near_duplicates"))
        table, findings = object_table(reading, tables, pairs, numbers, settings)
    write_table(quality, findings, record)
    write_table(similar, pairs, record)
    write_objects(objects, table, record)
    n, neurons = len(table), table["group"].nunique()
    print(f"{n} images of {neurons} neurons; {len(pairs)} pairs of images look like one neuron")


if __name__ == "__main__":
    run(main)
