"""The samples of all jobs in one store, in the order of the object table."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.samples.join import Parts
from morphoflow.provenance import provenance
from morphoflow.store_stream import stream_samples
from morphoflow.tables import read_objects

COMMON = ("axes", "units", "names", "provenance")


def main(*, parts: list[Path], names: list[str], objects: Path, output: Path) -> None:
    """Join the stores ``parts``; how many they were leaves no trace.

    With ``names`` they are those of the dataset's sources.
    """
    joined = Parts(parts, read_objects(objects)["id"], names)
    made = joined.attributes
    record = provenance(
        inputs=[objects],
        settings=made["provenance"]["settings"],
        seed=made["provenance"]["seed"],
    )
    record["parts"] = made["provenance"]
    axes, units = made["axes"], made["units"]
    with stream_samples(output, axes=axes, units=units, provenance=record) as stream:
        for batch in joined.batches():
            stream.append(batch.ids, batch.x, scale=batch.scale)
        stream.facts |= {name: fact for name, fact in made.items() if name not in COMMON}
    print(f"{len(joined.ids)} samples of {len(parts)} parts joined")


if __name__ == "__main__":
    run(main)
