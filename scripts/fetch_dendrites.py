"""Images and movies of dendrites that a server holds: download, check, unpack."""

from pathlib import Path

import yaml

from morphoflow.command import run
from morphoflow.dendrites.reading.files import IMAGES, READABLE
from morphoflow.dendrites.reading.published import fetch_archive
from morphoflow.manifest import whole_folder
from morphoflow.provenance import provenance
from morphoflow.reading.guard import reading


def main(*, card: Path, output: Path) -> None:
    """Write the images and movies of a card below the folder ``output``."""
    with reading(card):
        facts = yaml.safe_load(card.read_text())
    with whole_folder(output, provenance(inputs=[card], settings={})) as partial:
        images = partial / IMAGES
        images.mkdir(parents=True)
        print(fetch_archive(facts, images, READABLE))


if __name__ == "__main__":
    run(main)
