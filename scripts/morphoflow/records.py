"""What a result keeps of how it was made, read without the result itself.

Each result holds a digest of its content, written with it, and in its provenance the names and
digests of what it was made of. Comparing the two says, without reading either whole, whether a
result was made of the files that are there now.
"""

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import h5py
import pyarrow.parquet as pq

from morphoflow.errors import InputError
from morphoflow.files import DIGEST, MARK, SEAL_BYTES, check_seal, sha256

# The metadata of a zarr store's root, and their attribute that lists the store's files.
ROOT, FILES = "zarr.json", "files"
# The key of a Parquet file's metadata that holds the provenance.
METADATA = b"morphoflow"
# The member of a model's archive that holds its digest and provenance.
IN_MODEL = "morphoflow.json"
# The list of a folder's files with their SHA-256; what lists single files ends in this.
MANIFEST = "files.json"
# An input is listed with the digest that it holds itself, if it is a result, else with its SHA-256.
RESULT, RAW = "result", "sha256"


@dataclass(frozen=True)
class Record:
    """The ``digest`` that a result holds, the command that made it, and its inputs as listed."""

    digest: str
    command: str
    inputs: tuple[str, ...]

    @classmethod
    def of(cls, digest: str, provenance: dict) -> "Record":
        """From the provenance of a result."""
        inputs = tuple(provenance.get("inputs", ()))
        return cls(digest, str(provenance.get("command", "")).removesuffix(".py"), inputs)


@dataclass(frozen=True)
class Input:
    """An input as a record lists it: its name or relative path, its digest, if it is a result."""

    name: str
    digest: str
    is_result: bool

    @classmethod
    def read(cls, entry: str) -> "Input":
        """From an entry of :func:`listed`."""
        name, _, digest = entry.rpartition(" ")
        kind, _, value = digest.partition(":")
        return cls(name, value, kind == RESULT)


def listed(path: Path) -> str:
    """An input as a record lists it: its name and digest.

    Of raw files the path is kept where it is relative, so that they can be found again; an absolute
    one would make results of equal inputs differ.
    """
    path = Path(path)
    if record := record_of(path):
        return f"{path.name} {RESULT}:{record.digest}"
    inside = not path.is_absolute() and ".." not in path.parts
    return f"{path.as_posix() if inside else path.name} {RAW}:{sha256(path)}"


def record_of(path: Path) -> Record | None:
    """The record of a result; None of a file that is none, or that is too damaged to say so."""
    read = READERS.get(kind_of(path))
    try:
        return read(path) if read else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, InputError):
        return None
    except (zipfile.BadZipFile, RecursionError, NotImplementedError):
        return None


def kind_of(path: Path) -> str:
    """Which kind of result a path names: its suffix, or MANIFEST for a list of files."""
    return MANIFEST if f".{path.name}".endswith(f".{MANIFEST}") else path.suffix


def check_inputs(paths: list[Path]) -> None:
    """Raise InputError where one of the results ``paths`` was made of others than there are now."""
    for path in map(Path, paths):
        if record := record_of(path):
            for sentence in stale(path, record):
                raise InputError(sentence)


def stale(path: Path, record: Record) -> list[str]:
    """A sentence for each result that lies above ``path``, and is not what ``path`` was made of."""
    made_of: dict[str, set[str]] = {}
    for entry in map(Input.read, record.inputs):
        if entry.is_result:
            made_of.setdefault(entry.name, set()).add(entry.digest)
    sentences = []
    for name, digests in sorted(made_of.items()):
        other, now = _nearest(path, name)
        if now and not _of_one_job(path, record, other, now) and now.digest not in digests:
            sentences.append(
                f"{path} was made of another {name} than {other} is now; delete it, and the rule "
                f"`{record.command}` makes it anew."
            )
    return sentences


def _of_one_job(path: Path, record: Record, other: Path, now: Record) -> bool:
    """Whether two results, one named like what the other was made of, were made by one job.

    They lie in one folder, as what a model of another dataset gives, or were made of the same.
    """
    together = path.parent == other.parent or record.inputs == now.inputs
    return record.command == now.command and together


def _nearest(path: Path, name: str) -> tuple[Path, Record | None]:
    """The result called ``name`` in the folder of another, or in one above, and its record."""
    for folder in path.parents:
        for other in (folder / name, folder / "samples" / name):
            if other != path and (record := record_of(other)):
                return other, record
    return path, None


def _of_store(path: Path) -> Record:
    attributes = json.loads((path / ROOT).read_bytes())["attributes"]
    return Record.of(attributes[FILES]["sha256"], attributes.get("provenance", {}))


def _of_table(path: Path) -> Record | None:
    with path.open("rb") as file:
        footer = _tail(file)
        file.seek(-footer - SEAL_BYTES, os.SEEK_END)
        seal = file.read(SEAL_BYTES)
    if not seal.startswith(MARK):
        return None
    metadata = pq.read_schema(path).metadata
    return Record.of(seal[DIGEST].decode(), json.loads(metadata.get(METADATA, b"{}")))


def _tail(file: BinaryIO) -> int:
    """How many bytes of a Parquet file its footer is."""
    file.seek(-8, os.SEEK_END)
    length, name = file.read(4), file.read(4)
    if name != b"PAR1":
        raise ValueError("no Parquet file")
    return int.from_bytes(length, "little") + 8


def _of_embedding(path: Path) -> Record | None:
    content = memoryview(path.read_bytes())
    seal = bytes(content[-SEAL_BYTES:])
    if not seal.startswith(MARK):
        return None
    # HDF5 that is damaged may never be read to an end.
    check_seal(path, seal, content[:-SEAL_BYTES])
    with h5py.File(BytesIO(content), "r") as file:
        made = file["uns/provenance"]
        inputs = made["inputs"].asstr()[()].tolist() if len(made["inputs"]) else []
        provenance = {"command": made["command"].asstr()[()], "inputs": inputs}
    return Record.of(seal[DIGEST].decode(), provenance)


def _of_model(path: Path) -> Record | None:
    with zipfile.ZipFile(path) as parts:
        names = [name for name in parts.namelist() if name.endswith(f"/{IN_MODEL}")]
        content = json.loads(parts.read(names[0])) if names else None
    return Record.of(content["digest"], content["provenance"]) if content else None


def _of_folder(path: Path) -> Record:
    content = json.loads(path.read_bytes())
    return Record.of(sha256(path), content["provenance"])


READERS: dict[str, Callable[[Path], Record | None]] = {
    ".zarr": _of_store,
    ".parquet": _of_table,
    ".h5ad": _of_embedding,
    ".pt": _of_model,
    MANIFEST: _of_folder,
}
