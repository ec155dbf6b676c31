"""Whether results are what they were, and what each of them was made of, down to raw files.

``python -m morphoflow.verify results`` reads every result in the folder whole, and holds the
digests of what each was made of, which it keeps, against the files that are there: results, and raw
files that were named relative to the folder that ``results`` lies in. It names what is damaged, and
what was made of a file that is another now, and ends with 1 if there is any. ``--raw FOLDER`` says
where to look for raw files that were named by an absolute path, and ``--of FILE`` prints what a
result depends on.
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
from morphoflow.manifest import check_folder
from morphoflow.model import read_model
from morphoflow.records import MANIFEST, ROOT, Input, Record, record_of, stale
from morphoflow.tables import read_table

# What Snakemake puts into a folder that is an output.
MARK = ".snakemake_timestamp"


@dataclass
class Verified:
    """The results of a folder with their records, and a sentence for each that is not right.

    ``damaged`` cannot be read, or are not what was written; ``stale`` were made of a file that is
    another now; ``raw`` are the names of raw inputs, of which ``unseen`` were not found.
    """

    results: dict[Path, Record] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
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
    for path in results_in(folder):
        try:
            READERS[path.suffix if path.suffix in READERS else path.name](path)
            record = record_of(path)
            if record is None:
                raise InputError(f"{path} does not say how it was made; delete it.")
            verified.results[path] = record
        except InputError as error:
            verified.damaged.append(str(error))
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
    paths = {p for p in folder.rglob("*") if p.suffix in READERS or p.name == MANIFEST}
    # A folder that is one result is known from the workflow's mark if its manifest is lost.
    paths |= {mark.with_name(MANIFEST) for mark in folder.rglob(MARK)}
    stores = {path for path in paths if path.suffix == ".zarr"}
    inside = {path for path in paths if stores & {*path.parents}}
    hidden = {path for path in paths if path.name.startswith(".")}
    return sorted(paths - inside - hidden - _of_others(stores, paths))


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
    MANIFEST: check_folder,
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
    for sentence in (*verified.damaged, *verified.stale):
        print(sentence)
    print(
        f"{len(verified.results)} results are whole, {len(verified.damaged)} are damaged, "
        f"{len(verified.stale)} were made of what is another now; of {len(verified.raw)} raw files "
        f"{len(verified.unseen)} were not found here."
    )
    return 1 if verified.damaged or verified.stale else 0


if __name__ == "__main__":
    sys.exit(main())
