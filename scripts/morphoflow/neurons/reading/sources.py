"""The files of neurons in folders, lists of files and zip archives."""

import gzip
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from morphoflow.errors import InputError
from morphoflow.neurons.reading.formats import is_skeleton, skeleton_info
from morphoflow.reading.guard import check_size, reading, refusing
from morphoflow.reading.names import check_file_name

# Bytes of memory that a byte of SWC text takes while it is read (7.3 measured).
TEXT_FACTOR = 8

FORMATS = (".swc", ".asc", ".nml")
ENDINGS = (*FORMATS, *(f"{ending}.gz" for ending in FORMATS), ".zip")
# What may hold neurons and is not read.
UNREAD = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar", ".eswc")
ENDING = re.compile(r"(\.cell)?\.(swc|asc|nml)(\.gz)?$", re.IGNORECASE)
INFO = "info"


@dataclass(frozen=True)
class Source:
    """One file of a neuron; ``id`` is its stem, ``name`` its own or ``archive.zip/member``."""

    id: str
    name: str
    path: Path
    member: str = ""

    @property
    def form(self) -> str:
        """The format: ``swc``, ``asc``, ``nml``, or ``skeleton`` for a precomputed one."""
        found = ENDING.search(self.member or self.path.name)
        return found.group(2).lower() if found else "skeleton"

    @property
    def place(self) -> str:
        """The path as the user gave it, with the member of an archive after it."""
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    def read(self) -> bytes:
        """The bytes of the file, unpacked; raises Refused where they cannot be had."""
        with refusing("unreadable_file", "the file cannot be read"):
            if self.member:
                archive = _archive(self.path)
                self._check_room(archive.getinfo(self.member).file_size)
                return _unpacked(self.member, archive.read(self.member))
            data = self.path.read_bytes()
            # The last four bytes of a gzip file are the size of its content.
            packed = self.path.suffix.lower() == ".gz"
            self._check_room(int.from_bytes(data[-4:], "little") if packed else len(data))
            return _unpacked(self.path.name, data)

    def _check_room(self, n: int) -> None:
        check_size(n * TEXT_FACTOR, f"a text of {n:,} bytes", self.name)


def files_with_neurons(path: Path) -> list[Path]:
    """The files below a folder that hold neurons, sorted; a file for itself.

    Hidden files and archives that are not read are among them, to be listed. With skeletons comes
    the file ``info`` that says how they are to be read.
    """
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if _holds_neurons(file))


def _holds_neurons(file: Path) -> bool:
    if file.name.lower().endswith((*ENDINGS, *UNREAD)) or is_skeleton(file):
        return True
    return file.name == INFO and bool(skeleton_info(file.parent))


def is_hidden(path: Path | PurePosixPath) -> bool:
    """Whether a file is one that systems hide, such as the ``._`` files of macOS beside others."""
    return path.name.startswith(".") or "__MACOSX" in path.parts


def is_unread(path: Path) -> bool:
    """Whether a file may hold neurons in a form that is not read."""
    return path.name.lower().endswith(UNREAD)


def hidden_names(files: Iterable[Path]) -> list[str]:
    """The names of the hidden files among ``files`` and in archives, which hold no neurons."""
    files = [Path(file) for file in files]
    apart = [file.name for file in files if is_hidden(file)]
    archives = [file for file in files if file.suffix.lower() == ".zip" and not is_hidden(file)]
    return apart + [
        f"{file.name}/{member}"
        for file in archives
        for member in sorted(_archive(file).namelist())
        if ENDING.search(member) and is_hidden(PurePosixPath(member))
    ]


def list_sources(files: Sequence[Path]) -> list[Source]:
    """All files of neurons, those in archives too; InputError for others and repeated stems."""
    visible = [path for path in map(Path, files) if not (is_hidden(path) or is_unread(path))]
    sources = [source for path in visible for source in _sources_of(path)]
    if not sources:
        raise InputError("there are no neurons to read; name .swc files or .zip archives of them.")
    seen: dict[str, Source] = {}
    for source in sources:
        check_file_name(Path(source.name))
        if source.id in seen:
            raise InputError(
                f"'{source.id}' is the name of two neurons, {seen[source.id].place} and "
                f"{source.place}; rename one of the files."
            )
        seen[source.id] = source
    return sources


def _sources_of(path: Path) -> list[Source]:
    if path.name == INFO and skeleton_info(path.parent):
        return []
    if not path.name.lower().endswith(ENDINGS) and not is_skeleton(path):
        raise InputError(f"{path} is neither a .swc file nor a .zip archive; leave it out.")
    if not path.is_file():
        raise InputError(f"{path} does not exist; correct the path.")
    if path.suffix.lower() != ".zip":
        return [Source(ENDING.sub("", path.name), path.name, path)]
    return _members(path)


def _members(path: Path) -> list[Source]:
    names = [
        name
        for name in sorted(_archive(path).namelist())
        if ENDING.search(name) and not is_hidden(PurePosixPath(name))
    ]
    if not names:
        raise InputError(f"{path} holds no .swc file; leave it out.")
    stems = [ENDING.sub("", PurePosixPath(name).name) for name in names]
    return [
        Source(stem, f"{path.name}/{name}", path, name)
        for stem, name in zip(stems, names, strict=True)
    ]


@lru_cache(maxsize=64)
def _archive(path: Path) -> zipfile.ZipFile:
    """An open archive: to open it again for each member takes longer than to read them."""
    with reading(path):
        return zipfile.ZipFile(path)


def _unpacked(name: str, data: bytes) -> bytes:
    return gzip.decompress(data) if name.lower().endswith(".gz") else data
