"""Files and folders that are there whole or not at all, and their checksums."""

import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from morphoflow.errors import InputError

# The way out where a result is damaged.
ANEW = "delete it, and the workflow makes it anew"
# A line in a file with the SHA-256 of all its other bytes, by which others know it, and the CRC-32
# of both, which is what takes least time to compare.
MARK = b"\nmorphoflow sha256 "
DIGEST = slice(len(MARK), len(MARK) + 64)
SEAL_BYTES = len(MARK) + 64 + 10


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary neighbour of ``path`` that takes its place once the block succeeds.

    The neighbour may become a file or a folder; on an error it is removed and ``path`` stays as it
    was. Neighbours that a killed process has left are removed as well.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        yield partial
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        _remove(partial)


def _clear(path: Path) -> None:
    """Remove what processes that are no more have left beside ``path``."""
    start = f".{path.name}.partial-"
    for left in path.parent.iterdir():
        number = left.name.removeprefix(start)
        if left.name.startswith(start) and number.isdigit() and not _runs(int(number)):
            _remove(left)


def _runs(process: int) -> bool:
    """Whether another process of this number runs on this machine."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def seal_of(*parts: bytes | memoryview) -> bytes:
    """The line of SEAL_BYTES bytes with the checksums of ``parts`` after each other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return _seal(digest.hexdigest().encode(), parts)


def _seal(digest: bytes, parts: tuple[bytes | memoryview, ...]) -> bytes:
    total = 0
    for part in (*parts, digest):
        total = zlib.crc32(part, total)
    return MARK + digest + f" {total:08x}\n".encode()


def check_seal(path: Path, seal: bytes, *parts: bytes | memoryview) -> None:
    """Raise InputError unless ``seal``, from the file at ``path``, is that of its other parts."""
    if seal != _seal(seal[DIGEST], parts):
        raise InputError(
            f"{path} is damaged, or was changed by another program: its checksum is missing or is "
            f"that of other content; {way_of(*parts)}."
        )


def way_of(*parts: bytes | memoryview) -> str:
    """How a damaged result comes about again: by the rule that bears the name of its script.

    That is looked for in what is left of the content, in which the provenance is plain text.
    """
    for part in parts:
        if found := re.search(rb'"command": "(\w+)\.py"', part):
            return f"delete it, and the rule `{found[1].decode()}` makes it anew"
    return ANEW


def sha256(path: Path) -> str:
    """The SHA-256 of a file, or of a folder's file names and contents in sorted order."""
    path = Path(path)
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        if file.name == ".snakemake_timestamp":
            continue
        total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()
