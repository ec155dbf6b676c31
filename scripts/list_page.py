"""The list that vouches for a page which Snakemake has written itself."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.manifest import list_files
from morphoflow.provenance import provenance


def main(*, page: Path) -> None:
    """List the ``page`` with its checksum beside it."""
    list_files([page], provenance(inputs=[], settings={}))


if __name__ == "__main__":
    run(main)
