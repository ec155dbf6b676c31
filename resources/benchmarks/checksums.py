"""What the checksums of chunks cost when stores are read, beside the same reading without them.

Both are read from the page cache in turns, the order of which changes each time, since a machine
does other work as well. The cost is the median of the ratios of neighbours, with an interval by a
bootstrap of these pairs.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zarr
from machine import cpu_model
from zarr.storage import LocalStore

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from morphoflow import integrity
from morphoflow.models.shared.shapes import write_shapes
from morphoflow.store import write_samples

COMMAND = "python resources/benchmarks/checksums.py"


class Unchecked(LocalStore):
    """A store on disk that leaves out the checksums of its chunks."""

    async def get(self, key, prototype=None, byte_range=None):
        """The content of a file, None where there is none."""
        content = await super().get(key, prototype, byte_range)
        if content is None:
            return content
        if key.endswith(integrity.ROOT):
            return content.from_bytes(integrity._without_checksum(content.to_bytes()))
        return content[: -integrity.CRC_BYTES]


def main() -> None:
    """Read each store both ways in turns, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=41)
    repeats = parser.parse_args().repeats
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}}
    record["what"] = (
        f"process CPU seconds, the least of {repeats} readings; more: median of the ratios of "
        "readings with checksums to the one without beside it, and its 95 % bootstrap interval"
    )
    record["stores"] = {name: measured(write, repeats) for name, write in STORES.items()}
    text = json.dumps(record, indent=1)
    print(text)
    Path(__file__).with_suffix(".json").write_text(text + "\n")


def measured(write: Callable[[Path], None], repeats: int) -> dict:
    """The record of one store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.zarr"
        write(path)
        content = [file.stat().st_size for file in path.rglob("*") if file.is_file()]
        jobs = (lambda: everything(integrity.open_store(path)), lambda: everything(unchecked(path)))
        checked, bare = in_pairs(jobs, repeats)
    ratio = checked / bare
    drawn = np.median(np.random.default_rng(0).choice(ratio, (2000, repeats)), axis=1)
    more = 100 * (np.array([np.median(ratio), *np.quantile(drawn, (0.025, 0.975))]) - 1)
    return {
        "files": len(content),
        "megabytes": round(sum(content) / 1e6, 1),
        "seconds with checksums": round(checked.min(), 4),
        "seconds without": round(bare.min(), 4),
        "more in percent": [round(value, 1) for value in more],
    }


def everything(group: zarr.Group) -> None:
    """Read all arrays below a group."""
    for _, member in group.members(max_depth=None):
        if isinstance(member, zarr.Array):
            member[:]


def unchecked(path: Path) -> zarr.Group:
    """The root of a store, whose chunks are read without a look at their checksums."""
    return zarr.open_group(Unchecked(path, read_only=True), mode="r")


def in_pairs(jobs: tuple[Callable, ...], repeats: int) -> np.ndarray:
    """Process seconds (job, repeats) of jobs that take turns, after one that is not counted."""
    spent = np.empty((len(jobs), repeats + 1))
    for repeat in range(repeats + 1):
        for job in range(len(jobs))[:: 1 if repeat % 2 else -1]:
            start = time.process_time()
            jobs[job]()
            spent[job, repeat] = time.process_time() - start
    return spent[:, 1:]


def write_walks(path: Path) -> None:
    """Random walks (n, number, steps, 3) in um, which no compression makes smaller."""
    steps = np.random.default_rng(0).standard_normal((320, 256, 256, 3), dtype=np.float32)
    axes = ["neuron", "walk", "node", "coordinate"]
    ids = [f"o{i}" for i in range(len(steps))]
    write_samples(path, ids, steps.cumsum(axis=2), axes=axes, units="um", provenance={})


def write_crops(path: Path) -> None:
    """Crops (n, 1, 64, 64) of discs with noise, as of cells, with their masks."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[-32:32, -32:32]
    radii = generator.uniform(10, 30, (20000, 1, 1, 1))
    masks = np.hypot(x, y) < radii
    crops = (masks * generator.integers(90, 130, masks.shape)).astype(np.uint8)
    axes = ["object", "channel", "y", "x"]
    ids = [f"o{i}" for i in range(len(crops))]
    record = {"axes": axes, "units": "intensity", "provenance": {}}
    write_samples(path, ids, crops, mask=masks, **record)


def write_groups(path: Path) -> None:
    """Four hundred small arrays, as of what models decode: a chunk of some kilobytes each."""
    x = np.random.default_rng(0).standard_normal((10, 100), dtype=np.float32)
    groups = {f"shape{i}": {f"part{k}": x + k for k in range(4)} for i in range(100)}
    write_shapes(path, groups, {})


STORES = {
    "walks of 320 neurons": write_walks,
    "crops of 20,000 objects": write_crops,
    "400 small arrays": write_groups,
}

if __name__ == "__main__":
    main()
