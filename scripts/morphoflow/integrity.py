"""Zarr stores that are read as they were written or not at all.

A store lists its files in the attributes of its root, which is written last, and every chunk ends
in a CRC-32C of its own: what a flipped bit, a lost chunk or a cut file would change is never
computed with. Files that are no folder have a checksum in :mod:`morphoflow.files`.
"""

import asyncio
import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import google_crc32c
import numpy as np
import zarr
from zarr.abc.store import ByteRequest
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
from zarr.storage import LocalStore

from morphoflow.errors import InputError
from morphoflow.files import ANEW, sha256, whole
from morphoflow.records import FILES, ROOT

CRC_BYTES = 4
# What is read at once: well below the cache of one core.
PIECE_BYTES = 256 << 10


def compressed(level: int = 0) -> tuple[ZstdCodec, Crc32cCodec]:
    """How chunks are stored: by zstd at a ``level`` (0 is its usual one), with a checksum."""
    return ZstdCodec(level=level), Crc32cCodec()


@contextmanager
def new_store(path: Path) -> Iterator[zarr.Group]:
    """A zarr group to write into; the store is there, with its list of files, once it is whole."""
    with whole(path) as partial:
        yield zarr.open_group(partial, mode="w", zarr_format=3)
        _consolidate(partial)
        seal(partial)


def _consolidate(path: Path) -> None:
    """List the arrays of a store in its root, so that readers do not look into the folder.

    Snakemake puts a file of its own there, of which zarr would warn.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        zarr.consolidate_metadata(path)


def open_store(path: Path) -> zarr.Group:
    """The root of a store of :func:`new_store` for reading; its chunks are checked when read.

    Raises InputError, now or then, naming the store and what of it is damaged or lost.
    """
    store = Checked(path, read_only=True)
    store.listed = frozenset(check_files(path))
    return zarr.open_group(store, mode="r")


def check_files(path: Path) -> dict[str, list | str]:
    """The files of a store by name, each of which is there in its full size; metadata as written.

    Chunks have their size in bytes and their checksum, metadata their SHA-256.
    """
    content = _root(path)
    listed = content.get("attributes", {}).get(FILES)
    if not isinstance(listed, dict) or listed.get("sha256") != _digest(content):
        raise InputError(f"{path}/{ROOT} is damaged: it is not what was written; {_way(content)}.")
    for name, expected in listed["of"].items():
        try:
            found = _state(f"{path}/{name}")
        except OSError:
            raise _lost(path, name) from None
        if name.endswith(ROOT) and found != expected:
            raise InputError(
                f"{path}/{name} is damaged: it is not what was written; {_way(content)}."
            )
        if not name.endswith(ROOT) and found != expected[0]:
            raise InputError(
                f"{path}: the chunk {name} is damaged: it has {found} bytes and not "
                f"{expected[0]}; {_way(content)}."
            )
    return listed["of"]


def _state(file: str) -> str | int:
    """The SHA-256 of metadata, the size of a chunk; a text, since paths of many files take long."""
    if not file.endswith(ROOT):
        return os.stat(file).st_size
    with open(file, "rb", buffering=0) as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _lost(path: Path, name: str) -> InputError:
    """What is said of a listed file that is not there."""
    array = name.removesuffix(f"/{ROOT}").split("/c/")[0]
    here = (path / array / ROOT).is_file()
    lost = f"lacks the chunk {name}" if here else f"holds no array '{array}'"
    return InputError(f"{path} {lost}; remake the store: {_way(_root(path))}.")


def read_chunk(path: Path, name: str) -> np.ndarray:
    """The chunk (m,) uint8 of the store at ``path``, without its checksum, which is compared.

    Raises InputError if it is not as it was written, FileNotFoundError if there is none. It is read
    in pieces that the processor still holds when their checksum is taken, which is then cheap.
    """
    with (path / name).open("rb", buffering=0) as stream:
        content = np.empty(os.fstat(stream.fileno()).st_size, np.uint8)
        end, done, found = len(content) - CRC_BYTES, 0, 0
        while done < len(content):
            piece = content[done : done + PIECE_BYTES]
            piece = piece[: stream.readinto(piece.data)]
            if not len(piece):
                break
            piece.flags.writeable = False
            found = google_crc32c.extend(found, piece[: max(0, end - done)])
            done += len(piece)
    if done < len(content) or end < 0 or found != int.from_bytes(content[end:], "little"):
        raise InputError(
            f"{path}: the chunk {name} is damaged: its checksum is another; {_way(_root(path))}."
        )
    return content[:end]


class Checked(LocalStore):
    """A store on disk whose chunks are checked when they are read.

    It does what the codec would do, which cannot tell which chunk it is that is damaged, and hands
    on chunks and metadata as if there were no checksum. Chunks that are not ``listed`` were never
    written, since they are zero; zarr takes every other that is lost for such a one.
    """

    listed: frozenset[str] = frozenset()

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """The content of a file, None where there is none."""
        prototype = prototype or default_buffer_prototype()
        if key.endswith(ROOT) or byte_range is not None:
            content = await super().get(key, prototype, byte_range)
            if content is None or byte_range is not None:
                return content
            return content.from_bytes(_without_checksum(content.to_bytes()))
        try:
            chunk = await asyncio.to_thread(read_chunk, self.root, key)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            if key in self.listed:
                raise _lost(self.root, key) from None
            return None
        return prototype.buffer.from_array_like(chunk)


def _without_checksum(metadata: bytes) -> bytes:
    """The metadata of an array, or of a group and all below it, with neither codec nor list."""
    content = json.loads(metadata)
    content.get("attributes", {}).pop(FILES, None)
    below = content.get("consolidated_metadata") or {"metadata": {}}
    for each in (content, *below["metadata"].values()):
        if "codecs" in each:
            each["codecs"] = [codec for codec in each["codecs"] if codec["name"] != "crc32c"]
    return json.dumps(content).encode()


def is_sealed(path: Path) -> bool:
    """Whether there is a store of this project at a path, which lists its files."""
    if not (path / ROOT).is_file():
        return False
    return FILES in _root(path).get("attributes", {})


def seal(path: Path) -> None:
    """List the files of a store in its root, as the last thing that is written.

    With the checksums of chunks, the digest of the root is one of all that the store holds.
    """
    content = _root(path)
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    listed = {
        name: sha256(path / name) if name.endswith(ROOT) else _chunk(path / name)
        for name in names
        if name != ROOT
    }
    content["attributes"][FILES] = {"of": listed}
    content["attributes"][FILES]["sha256"] = _digest(content)
    (path / ROOT).write_text(json.dumps(content, indent=2))


def _chunk(file: Path) -> list:
    """The size of a chunk's file, and the checksum in which it ends."""
    with file.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(-CRC_BYTES, 2)
        return [size, stream.read().hex()]


def _root(path: Path) -> dict:
    try:
        content = json.loads((path / ROOT).read_bytes())
        if not isinstance(content, dict) or not isinstance(content["attributes"], dict):
            raise ValueError("it describes no group")
    except (OSError, ValueError, KeyError, RecursionError) as error:
        message = f"{path} is not a readable zarr group ({error}); {ANEW}."
        raise InputError(message) from None
    return content


def _digest(content: dict) -> str:
    """The SHA-256 of a root's content, but for the digest itself."""
    attributes = content["attributes"]
    bare = {**attributes, FILES: {"of": attributes[FILES].get("of")}}
    text = json.dumps({**content, "attributes": bare}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _way(content: dict) -> str:
    """How a store comes about again: by the rule that bears the name of its script."""
    record = content["attributes"].get("provenance")
    command = record.get("command") if isinstance(record, dict) else None
    if not isinstance(command, str):
        return ANEW
    return f"delete it, and the rule `{command.removesuffix('.py')}` makes it anew"
