"""A fingerprint of a volume's files, which changes where the volume is written anew.

The Snakefile imports this module, so it uses the standard library alone. Millions of chunks cannot
be inputs of a rule; one text that stands for them can be among its parameters.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from morphoflow.organelles.volumes.watched import (
    METADATA,
    array_folder,
    is_address,
    slice_files,
    watched_files,
)

# Folders or files that are looked at together: a network's file system answers each with a delay.
AT_ONCE = 16
# The parts in which a file's contents are read.
PART_BYTES = 1 << 22


def fingerprint(path: str | Path, key: str | None, level: int, *, contents: Path | None) -> str:
    """A checksum of the volume at ``path``: its array ``key``, of a pyramid its level ``level``.

    It is made of the contents of small metadata files, and of the names, sizes and times of the
    last change (in ns) of all others, relative to the volume, so that a copy that keeps times has
    the fingerprint of its original. With ``contents``, a folder, all contents take the place of
    times; they are read again only where a time has changed, which the folder remembers. An address
    stands for itself: what changes behind it is not noticed.
    """
    if is_address(path):
        return str(path)
    data = list(_data_files(Path(path), key, level))
    stamp = _digest(f"{name}\t{size}\t{time}" for name, _, size, time in data)
    if contents is not None:
        stamp = _remembered(contents / stamp, data)
    metadata = [Path(file) for file in watched_files(path, key) if Path(file).name in METADATA]
    return _digest([stamp, *(_checksum(file) for file in metadata)])


def _data_files(path: Path, key: str | None, level: int) -> Iterator[tuple[str, Path, int, int]]:
    """Name, path, size and time of all files that hold voxels, in the order of their names."""
    if path.is_file():
        yield _entry("", path, path.stat())
        return
    folder = array_folder(path, key, level)
    slices = slice_files(folder)
    if slices:
        yield from (_entry(file.name, file, file.stat()) for file in slices)
        return
    yield from sorted(_files_below(folder))


def _entry(name: str, file: Path, status: os.stat_result) -> tuple[str, Path, int, int]:
    return name, file, status.st_size, status.st_mtime_ns


def _files_below(root: Path) -> Iterator[tuple[str, Path, int, int]]:
    """The files of a folder of any depth, without hidden ones and metadata."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [("", str(root))]
        while folders:
            found = list(pool.map(_listed, folders))
            folders = [folder for inner, _ in found for folder in inner]
            for _, files in found:
                yield from files


def _listed(folder: tuple[str, str]) -> tuple[list[tuple[str, str]], list[tuple]]:
    """The folders and the files in a folder, each with its name from the volume's own on."""
    inside, place = folder
    folders, files = [], []
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in METADATA:
                continue
            name = f"{inside}{entry.name}"
            if entry.is_dir():
                folders.append((f"{name}/", entry.path))
            else:
                files.append(_entry(name, Path(entry.path), entry.stat()))
    return folders, files


def _remembered(file: Path, data: list[tuple]) -> str:
    """The checksum of all contents, kept in ``file``, whose name says which files they are of."""
    if not file.is_file():
        with ThreadPoolExecutor(AT_ONCE) as pool:
            checksums = pool.map(_checksum, (path for _, path, _, _ in data))
            lines = (f"{entry[0]}\t{sha}" for entry, sha in zip(data, checksums, strict=True))
            whole = _digest(lines)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        partial.write_text(whole, encoding="utf-8")
        partial.replace(file)
    return file.read_text(encoding="utf-8")


def _checksum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(PART_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _digest(lines) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
