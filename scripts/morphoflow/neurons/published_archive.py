"""Neurons in the archives of a Zenodo record, checked against the checksums that Zenodo gives."""

import fnmatch
import hashlib
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from morphoflow.downloads import download_file, download_json
from morphoflow.errors import InputError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


def zenodo_neurons(facts: dict) -> tuple[dict[str, bytes], list[dict]]:
    """The SWC files of the record ``facts["record"]`` whose path in it fits ``pattern``.

    Archives within archives are opened too. The label is the name of the folder that a file lies in
    where ``label_from`` is ``folder``; else there is none.
    """
    record = download_json(f"{facts['address']}/records/{facts['record']}")
    content: dict[str, bytes] = {}
    rows, seen = [], []
    with tempfile.TemporaryDirectory() as folder:
        for file in record["files"]:
            if not file["key"].endswith((*ARCHIVES, ".swc")):
                continue
            path = Path(folder, PurePosixPath(file["key"]).name)
            download_file(file["links"]["self"], None, path)
            _check_md5(path, file["checksum"])
            for name, data in swc_files(path):
                seen.append(name)
                if fnmatch.fnmatch(name, facts["pattern"]):
                    place = PurePosixPath(name)
                    label = place.parent.name if facts.get("label_from") == "folder" else None
                    content[place.stem] = data
                    rows.append({"id": place.stem, "label": label})
            path.unlink()
    if not rows:
        raise InputError(
            f"no SWC file of the record {facts['record']} fits `pattern: {facts['pattern']}`; it "
            f"has {', '.join(sorted(seen)[:5]) or 'none'}; correct the card."
        )
    if len(content) < len(rows):
        raise InputError(
            f"`pattern: {facts['pattern']}` fits two files of one name; make it narrower."
        )
    return content, rows


def swc_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The SWC files in an archive, and in archives in it, by their path: name and content."""
    if path.name.endswith(".swc"):
        yield path.name, path.read_bytes()
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, data in _members(path):
            if name.endswith(".swc"):
                yield name, data
                continue
            inner = Path(folder, PurePosixPath(name).name)
            inner.write_bytes(data)
            yield from swc_files(inner)
            inner.unlink()


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members that are SWC files or archives themselves."""
    wanted = (*ARCHIVES, ".swc")
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(wanted):
                        yield name, archive.read(name)
            return
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(wanted):
                    yield member.name, archive.extractfile(member).read()
    except (zipfile.BadZipFile, tarfile.TarError, OSError) as error:
        message = f"{path.name} is not a readable archive ({error}); fetch it anew."
        raise InputError(message) from None


def _check_md5(path: Path, expected: str) -> None:
    with path.open("rb") as stream:
        found = f"md5:{hashlib.file_digest(stream, 'md5').hexdigest()}"
    if found != expected:
        raise InputError(
            f"{path.name} has the checksum {found}, but its record says {expected}: the file is "
            "damaged; fetch it again."
        )
