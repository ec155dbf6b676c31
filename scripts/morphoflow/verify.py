"""Whether results are what they were, and what each of them was made of, down to raw files.

``python -m morphoflow.verify results`` reads every result in the folder whole, and holds the
digests of what each was made of, which it keeps, against the files that are there: results, and raw
files that were named relative to the folder that ``results`` lies in. It names what is damaged, and
what was made of a file that is another now, and ends with 1 if there is any. ``--raw FOLDER`` says
where to look for raw files that were named by an absolute path, and ``--of FILE`` prints what a
result depends on.

Every file below the folder is in a result, is one that holds a checksum of its own, or stands in a
list of files; one that is neither is named, since nothing tells whether it is what it was.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.integrity import check_files, read_chunk
from morphoflow.manifest import check_listed
from morphoflow.model import read_model
from morphoflow.records import MANIFEST, ROOT, Input, Record, kind_of, record_of, stale
from morphoflow.tables import read_table

# What Snakemake puts into a folder that is an output.
MARK = ".snakemake_timestamp"
# Folders of results that hold times, and what is gone when the workflow has ended.
NO_RESULTS = ("benchmarks", "checkpoints", "logs")


@dataclass
class Verified:
    """The results of a folder with their records, and a sentence for each that is not right.

    ``damaged`` cannot be read, or are not what was written; ``unlisted`` is what nothing vouches
    for; ``stale`` were made of a file that is another now; ``raw`` are the names of raw inputs, of
    which ``unseen`` were not found.
    """

    results: dict[Path, Record] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    raw: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)

    def by_digest(self) -> dict[str, Path]:
        """Where results lie by their digest; of equal ones one."""
        return {record.digest: path for path, record in self.results.items()}


def verify(folder: Path, raw: list[Path] | None = None) -> Verified:
    """Read all results below ``folder`` and compare what they were made of with what is there.

    Raw files are looked for beside ``folder`` and in the folders ``raw``.
    """
    verified = Verified()
    vouched: set[Path] = set()
    for path in results_in(folder):
        # One that is damaged is named once, and with it a folder that it stands for.
        vouched.add(path.parent if path.name == MANIFEST else path)
        try:
            if kind_of(path) == MANIFEST:
                files = check_listed(path)
                vouched.discard(path.parent)
                vouched.update([path, *files])
            else:
                READERS[path.suffix](path)
            record = record_of(path)
            if record is None:
                raise InputError(f"{path} does not say how it was made; delete it.")
            verified.results[path] = record
        except InputError as error:
            verified.damaged.append(str(error))
    verified.unlisted = [
        f"{file} stands in no list of files and holds no checksum; delete it, and the workflow "
        f"makes it anew, or keep it elsewhere if it is your own."
        for file in _unlisted(folder, vouched)
    ]
    known = {record.digest for record in verified.results.values()}
    folders = [folder.parent, *(raw or [])]
    # Of each raw file but once, since many results are made of it.
    digest_of = cache(sha256)
    for path, record in verified.results.items():
        verified.stale += stale(path, record)
        for entry in map(Input.read, record.inputs):
            if not entry.is_result and entry.digest not in known:
                verified.raw.add(entry.name)
                found = _raw_files(entry.name, folders)
                if not found:
                    verified.unseen.add(entry.name)
                elif all(digest_of(file) != entry.digest for file in found):
                    verified.stale.append(
                        f"{path} was made of another {entry.name} than {found[0]} is now; delete "
                        f"it, and the rule `{record.command}` makes it anew."
                    )
    return verified


def _raw_files(name: str, folders: list[Path]) -> list[Path]:
    """What a raw input may be: a path relative to the first folder, or of its name in others."""
    places = [folders[0] / name]
    places += [file for folder in folders[1:] for file in sorted(folder.rglob(Path(name).name))]
    return [place for place in places if place.exists()]


def results_in(folder: Path) -> list[Path]:
    """All results below a folder, each a store or a file, that keep what they were made of."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; name the one with the results.")
    paths = {path for path in _below(folder) if kind_of(path) in (*READERS, MANIFEST)}
    # A folder that is one result is known from the workflow's mark if its manifest is lost.
    paths |= {mark.with_name(MANIFEST) for mark in folder.rglob(MARK)}
    stores = {path for path in paths if path.suffix == ".zarr"}
    inside = {path for path in paths if stores & {*path.parents}}
    return sorted(paths - inside - _of_others(stores, paths))


def _below(folder: Path) -> list[Path]:
    """What lies below a folder of results and may be one, in order; nothing that is hidden."""
    found = {path: path.relative_to(folder).parts for path in sorted(folder.rglob("*"))}
    return [
        path
        for path, parts in found.items()
        if parts[0] not in NO_RESULTS and not any(part.startswith(".") for part in parts)
    ]


def _unlisted(folder: Path, vouched: set[Path]) -> list[Path]:
    """Files below a folder that are not ``vouched`` for, nor lie in a folder that is."""
    files = [path for path in _below(folder) if path.is_file()]
    return [file for file in files if not vouched & {file, *file.parents}]


def _of_others(stores: set[Path], paths: set[Path]) -> set[Path]:
    """Stores for other programs, such as masks: what they held is in the manifest above them."""
    listed = {path.parent for path in paths if path.name == MANIFEST}
    return {store for store in stores if listed & {*store.parents} and record_of(store) is None}


def lineage(path: Path, verified: Verified, depth: int = 0) -> list[str]:
    """What a result was made of, one line a file, each below what it was made into."""
    known, record = verified.by_digest(), verified.results[path]
    lines = [f"{'  ' * depth}{path} ({record.command})"]
    for entry in map(Input.read, record.inputs):
        if entry.digest in known:
            lines += lineage(known[entry.digest], verified, depth + 1)
        else:
            kind = "not there" if entry.is_result else "raw"
            lines.append(f"{'  ' * (depth + 1)}{entry.name} ({kind}, {entry.digest[:12]}…)")
    return lines


def _read_store(path: Path) -> None:
    for name in check_files(path):
        if not name.endswith(ROOT):
            read_chunk(path, name)


READERS: dict[str, Callable[[Path], object]] = {
    ".zarr": _read_store,
    ".parquet": read_table,
    ".h5ad": read_embedding,
    ".pt": read_model,
}


def main(arguments: list[str] | None = None) -> int:
    """Verify the folder that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m morphoflow.verify", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--of", type=Path, help="print what this result depends on")
    parser.add_argument("--raw", type=Path, nargs="*", default=[], help="where raw files lie, too")
    flags = parser.parse_args(arguments)
    try:
        verified = verify(flags.folder, flags.raw)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if flags.of in verified.results:
        print("\n".join(lineage(flags.of, verified)))
    wrong = [*verified.damaged, *verified.unlisted, *verified.stale]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(
        f"{len(verified.results)} results are whole, {len(verified.damaged)} are damaged, "
        f"{len(verified.unlisted)} files are listed nowhere, {len(verified.stale)} results were "
        f"made of what is another now; of {len(verified.raw)} raw files {len(verified.unseen)} "
        f"were not found here."
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
