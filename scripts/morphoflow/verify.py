"""Whether results are what they were, and what each of them was made of, down to raw files.

``python -m morphoflow.verify results`` reads every result in the folder whole, and holds the
checksums of what each was made of, which it keeps, against the files that are there. It names what
is damaged, and what was made of a file that is another now, and ends with 1 if there is any.
``--of FILE`` prints what a result depends on.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.integrity import ROOT, check_chunk, check_files
from morphoflow.model import read_model
from morphoflow.tables import METADATA, read_table

KINDS = (".zarr", ".pt", ".h5ad", ".parquet")
HASH = " sha256:"


@dataclass(frozen=True)
class Result:
    """A result at ``path``: its ``checksum``, and the name and checksum of each of its inputs."""

    path: Path
    checksum: str
    command: str
    inputs: tuple[tuple[str, str], ...]


@dataclass
class Verified:
    """The results of a folder: those that can be read, and a sentence for each that is not right.

    ``damaged`` cannot be read, or are not what was written; ``stale`` were made of a file that is
    another now; ``raw`` are the names of inputs that no result of the folder is.
    """

    results: list[Result] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    raw: set[str] = field(default_factory=set)

    def by_checksum(self) -> dict[str, Result]:
        """The results by their checksum; of equal ones one."""
        return {result.checksum: result for result in self.results}


def verify(folder: Path) -> Verified:
    """Read all results below ``folder`` and compare what they were made of with what is there."""
    verified = Verified()
    for path in results_in(folder):
        try:
            verified.results.append(_read(path))
        except InputError as error:
            verified.damaged.append(str(error))
    known = verified.by_checksum()
    for result in verified.results:
        for name, checksum in result.inputs:
            if checksum in known:
                continue
            other = _nearest(result, name, verified.results)
            if other is None:
                verified.raw.add(name)
            else:
                verified.stale.append(
                    f"{result.path} was made of another {name} than {other.path} is now; "
                    f"let the rule `{result.command}` make it anew."
                )
    return verified


def results_in(folder: Path) -> list[Path]:
    """All results below a folder, each a store or a file, that keep what they were made of."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; name the one with the results.")
    paths = [path for path in folder.rglob("*") if path.suffix in KINDS]
    stores = {path for path in paths if path.suffix == ".zarr"}
    hidden = [path for path in paths if path.name.startswith(".")]
    return sorted(path for path in paths if not stores & {*path.parents} and path not in hidden)


def lineage(result: Result, known: dict[str, Result], depth: int = 0) -> list[str]:
    """What a result was made of, one line a file, each below what it was made into."""
    lines = [f"{'  ' * depth}{result.path} ({result.command})"]
    for name, checksum in result.inputs:
        if checksum in known:
            lines += lineage(known[checksum], known, depth + 1)
        else:
            lines.append(f"{'  ' * (depth + 1)}{name} (raw, sha256 {checksum[:12]}…)")
    return lines


def _nearest(result: Result, name: str, results: list[Result]) -> Result | None:
    """The result called ``name`` that lies nearest above another; None if there is none.

    An input of a result lies in its folder or in one above, as the object table and samples do.
    """
    near = [other for other in results if other.path.name == name and other.path != result.path]
    beside = [other for other in near if _above(other.path) in result.path.parents]
    return max(beside, key=lambda other: len(other.path.parts), default=None)


def _above(path: Path) -> Path:
    return path.parent.parent if path.parent.name == "samples" else path.parent


def _read(path: Path) -> Result:
    """Read a result whole; InputError if it is damaged."""
    record = READERS[path.suffix](path)
    inputs = tuple(
        (name, checksum)
        for name, _, checksum in (entry.rpartition(HASH) for entry in record.get("inputs", []))
    )
    command = str(record.get("command", "")).removesuffix(".py")
    return Result(path, sha256(path), command, inputs)


def _of_store(path: Path) -> dict:
    for name in check_files(path):
        if not name.endswith(ROOT):
            check_chunk(path, name, np.fromfile(path / name, dtype=np.uint8))
    return json.loads((path / ROOT).read_bytes())["attributes"].get("provenance", {})


def _of_table(path: Path) -> dict:
    read_table(path)
    return json.loads(pq.read_schema(path).metadata.get(METADATA, b"{}"))


def _of_embedding(path: Path) -> dict:
    return read_embedding(path).uns["provenance"]


def _of_model(path: Path) -> dict:
    return read_model(path).provenance


READERS = {
    ".zarr": _of_store,
    ".parquet": _of_table,
    ".h5ad": _of_embedding,
    ".pt": _of_model,
}


def main(arguments: list[str] | None = None) -> int:
    """Verify the folder that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m morphoflow.verify", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--of", type=Path, help="print what this result depends on")
    flags = parser.parse_args(arguments)
    try:
        verified = verify(flags.folder)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if flags.of is not None:
        known = verified.by_checksum()
        chosen = [result for result in verified.results if result.path == flags.of]
        print("\n".join(line for result in chosen for line in lineage(result, known)))
    for sentence in (*verified.damaged, *verified.stale):
        print(sentence)
    print(
        f"{len(verified.results)} results are whole, {len(verified.damaged)} are damaged, "
        f"{len(verified.stale)} were made of what is another now; "
        f"{len(verified.raw)} raw files went in."
    )
    return 1 if verified.damaged or verified.stale else 0


if __name__ == "__main__":
    sys.exit(main())
