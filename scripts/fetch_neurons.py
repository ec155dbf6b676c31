"""Neurons that a Python package ships or a server holds: download, check, keep as one archive."""

from pathlib import Path

import yaml

from morphoflow.command import run
from morphoflow.manifest import list_files
from morphoflow.neurons.demo.published import published_neurons
from morphoflow.provenance import provenance
from morphoflow.reading.guard import reading
from morphoflow.reading.labels import write_labels
from morphoflow.swc_files import write_archive


def main(*, card: Path, archive: Path, labels: Path) -> None:
    """Write the card's SWC files into ``archive`` and their labels into a table."""
    with reading(card):
        facts = yaml.safe_load(card.read_text())
    content, table = published_neurons(facts)
    write_archive(archive, {f"{name}.swc": data for name, data in content.items()})
    record = provenance(inputs=[card], settings={})
    list_files([archive], record)
    write_labels(labels, table, record)
    print(f"{len(content)} neurons: {facts['title']}")


if __name__ == "__main__":
    run(main)
