"""Cells that a package ships or a server holds: download, check, write as crops or images."""

from pathlib import Path

import yaml

from morphoflow.cells.demo.demo import WRITERS
from morphoflow.cells.demo.published import write_published
from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.packages import package_files
from morphoflow.provenance import provenance
from morphoflow.reading.guard import reading


def main(*, card: Path, output: Path) -> None:
    """Write the cells of a card into the folder ``output``."""
    with reading(card):
        facts = yaml.safe_load(card.read_text())
    with whole_folder(output, provenance(inputs=[card], settings={})) as partial:
        partial.mkdir()
        if facts["kind"] == "published":
            print(write_published(facts, partial))
        else:
            print(WRITERS[facts["kind"]](facts, package_files(facts), partial))


if __name__ == "__main__":
    run(main)
