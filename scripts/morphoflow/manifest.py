"""Folders of files that are looked at and not read again, such as figures, and their manifest."""

import json
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.files import sha256, way_of
from morphoflow.records import MANIFEST


def write_manifest(folder: Path, provenance: dict) -> None:
    """List the files of a folder with their SHA-256, and how they were made."""
    files = {file.name: sha256(file) for file in sorted(folder.iterdir())}
    content = json.dumps({"files": files, "provenance": provenance}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(content)


def check_folder(manifest: Path) -> None:
    """Raise InputError, naming the file, where one that the manifest lists is lost or another."""
    text = b""
    try:
        text = manifest.read_bytes()
        files = json.loads(text)["files"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise InputError(f"{manifest} is damaged or lost; {_way(text, manifest)}.") from None
    for name, digest in files:
        file = manifest.parent / name
        if not file.is_file():
            raise InputError(f"{manifest.parent} lacks {name}; {_way(text, manifest)}.")
        if sha256(file) != digest:
            raise InputError(
                f"{file} is damaged, or was changed by another program; {_way(text, manifest)}."
            )


def _way(text: bytes, manifest: Path) -> str:
    return way_of(text).replace("delete it", f"delete {manifest.parent}")
