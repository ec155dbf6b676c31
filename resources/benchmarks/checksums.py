"""What the checksums of chunks cost when a store of half a gigabyte is read."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import zarr
from machine import cpu_model

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from morphoflow import integrity
from morphoflow.store import write_samples

# Walks (n, number, steps, 3) in um, as float32.
SHAPE = (640, 256, 256, 3)
COMMAND = "python resources/benchmarks/checksums.py"


class Unchecked(integrity.Checked):
    """A store on disk that leaves out the checksums of its chunks."""

    async def get(self, key, prototype=None, byte_range=None):
        """The content of a file, None where there is none."""
        content = await super(integrity.Checked, self).get(key, prototype, byte_range)
        if content is None:
            return content
        if key.endswith(integrity.ROOT):
            return content.from_bytes(integrity._without_checksum(content.to_bytes()))
        return content[: -integrity.CRC_BYTES]


def main() -> None:
    """Read the same store both ways in turns, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walks.zarr"
        megabytes = write_walks(path)
        jobs = {
            "as the project reads": lambda: integrity.open_store(path)["x"][:],
            "without checksums": lambda: unchecked(path)["x"][:],
        }
        spent = in_turns(jobs, repeats)
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}, "megabytes": megabytes}
    record["what"] = f"process CPU seconds of a reading, the least of {repeats} in turns"
    record["seconds"] = {name: round(value, 3) for name, value in spent.items()}
    whole, bare = spent.values()
    record["more in percent"] = round(100 * (whole / bare - 1), 1)
    text = json.dumps(record, indent=1)
    print(text)
    Path(__file__).with_suffix(".json").write_text(text + "\n")


def unchecked(path: Path) -> zarr.Group:
    """The root of a store, whose chunks are read without a look at their checksums."""
    return zarr.open_group(Unchecked(path, read_only=True), mode="r")


def write_walks(path: Path) -> int:
    """Write random walks; returns the megabytes that they take on disk."""
    steps = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
    ids = [f"o{i}" for i in range(SHAPE[0])]
    axes = ["neuron", "walk", "node", "coordinate"]
    write_samples(path, ids, steps.cumsum(axis=2), axes=axes, units="um", provenance={})
    return round(sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6)


def in_turns(jobs: dict, repeats: int) -> dict[str, float]:
    """The least process seconds of each job, which other load of the machine moves least."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for repeat in range(repeats + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if repeat:
                spent[name].append(time.process_time() - start)
    return {name: min(values) for name, values in spent.items()}


if __name__ == "__main__":
    main()
