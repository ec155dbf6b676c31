"""The SWC files in a list of files and zip archives."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from morphoflow.errors import InputError
from morphoflow.reading.guard import check_size, reading, refusing
from morphoflow.reading.names import check_file_name

# Bytes of memory that a byte of SWC text takes while it is read (7.3 measured).
TEXT_FACTOR = 8


@dataclass(frozen=True)
class Source:
    """One SWC file; ``id`` is its stem, ``name`` that of the file or ``archive.zip/member``."""

    id: str
    name: str
    path: Path
    archive: zipfile.ZipFile | None = None
    member: str = ""

    @property
    def place(self) -> str:
        """The path as the user gave it, with the member of an archive after it."""
        return f"{self.path}/{self.member}" if self.archive else str(self.path)

    def read(self) -> bytes:
        """The bytes of the file; raises Refused where they cannot be had."""
        with refusing("unreadable_file", "the file cannot be read"):
            archive, member = self.archive, self.member
            n = archive.getinfo(member).file_size if archive else self.path.stat().st_size
            check_size(n * TEXT_FACTOR, f"a text of {n:,} bytes", self.name)
            return archive.read(member) if archive else self.path.read_bytes()


def list_sources(files: Sequence[Path]) -> list[Source]:
    """All SWC files, those of an archive by name; InputError for other files and repeated stems."""
    sources = [source for path in files for source in _sources_of(Path(path))]
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
    suffix = path.suffix.lower()
    if suffix not in (".swc", ".zip"):
        raise InputError(f"{path} is neither a .swc file nor a .zip archive; leave it out.")
    if not path.is_file():
        raise InputError(f"{path} does not exist; correct the path.")
    if suffix == ".swc":
        return [Source(path.stem, path.name, path)]
    return _members(path)


def _members(path: Path) -> list[Source]:
    with reading(path):
        # It stays open, since to open it again for each member takes longer than to read them.
        archive = zipfile.ZipFile(path)
    names = [name for name in sorted(archive.namelist()) if _is_neuron(name)]
    if not names:
        raise InputError(f"{path} holds no .swc file; leave it out.")
    return [Source(PurePosixPath(n).stem, f"{path.name}/{n}", path, archive, n) for n in names]


def _is_neuron(member: str) -> bool:
    # macOS adds a folder of files that have the names of neurons but hold none.
    return member.lower().endswith(".swc") and not member.startswith("__MACOSX/")
