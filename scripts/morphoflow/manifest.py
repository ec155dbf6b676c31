"""Files that hold no checksum of their own, such as figures and movies: lists that vouch for them.

A folder that is a result holds its list, ``files.json``; that of single files lies beside them and
is named after the first: ``atlas.files.json``.
"""

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
    _write(folder / MANIFEST, [file for file in kept if file.name != MANIFEST], provenance)


def list_files(files: list[Path], provenance: dict, manifest: Path | None = None) -> None:
    """List the files that one job has made in a folder into which others write as well.

    The list is ``manifest``, or named after the first of them.
    """
    _write(manifest or files[0].with_suffix(f".{MANIFEST}"), files, provenance)


def _write(manifest: Path, files: list[Path], provenance: dict) -> None:
    listed = {file.name: sha256(file) for file in files}
    content = json.dumps({"files": listed, "provenance": provenance}, indent=1, sort_keys=True)
    with whole(manifest) as partial:
        partial.write_text(content)


def check_listed(manifest: Path) -> list[Path]:
    """The files that a manifest lists; InputError, naming it, where one is lost or another."""
    text = b""
    try:
        text = manifest.read_bytes()
        listed = json.loads(text)["files"].items()
        files = {manifest.parent / name: digest for name, digest in listed}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise InputError(f"{manifest} is damaged or lost; {_way(text, manifest)}.") from None
    for file, digest in files.items():
        if not file.exists():
            raise InputError(f"{manifest.parent} lacks {file.name}; {_way(text, manifest)}.")
        if sha256(file) != digest:
            raise InputError(
                f"{file} is damaged, or was changed by another program; {_way(text, manifest)}."
            )
    return [*files]


def _way(text: bytes, manifest: Path) -> str:
    made = manifest.parent if manifest.name == MANIFEST else manifest
    return way_of(text).replace("delete it", f"delete {made}")
