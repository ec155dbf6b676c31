"""Folders of files that this library does not read as a result, such as figures: their manifest."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.files import sha256, way_of, whole
from morphoflow.records import MANIFEST


@contextmanager
def whole_folder(path: Path, provenance: dict) -> Iterator[Path]:
    """As :func:`morphoflow.files.whole`, for a folder that gets a manifest at last."""
    with whole(path) as partial:
        yield partial
        write_manifest(partial, provenance)


def write_manifest(folder: Path, provenance: dict) -> None:
    """List what a folder holds with its SHA-256, and how it was made; folders in it as one entry.

    A manifest of before is replaced, and hidden files are left out.
    """
    kept = [file for file in folder.iterdir() if not file.name.startswith(".")]
    files = {file.name: sha256(file) for file in kept if file.name != MANIFEST}
    content = json.dumps({"files": files, "provenance": provenance}, indent=1, sort_keys=True)
    with whole(folder / MANIFEST) as partial:
        partial.write_text(content)


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
        if not file.exists():
            raise InputError(f"{manifest.parent} lacks {name}; {_way(text, manifest)}.")
        if sha256(file) != digest:
            raise InputError(
                f"{file} is damaged, or was changed by another program; {_way(text, manifest)}."
            )


def _way(text: bytes, manifest: Path) -> str:
    return way_of(text).replace("delete it", f"delete {manifest.parent}")
