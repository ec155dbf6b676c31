"""What jobs ask for of memory and time, by the size of their input.

The rules import this module, so it uses the standard library alone and is quick. A rule asks for a
base, which holds Python, its libraries and the two Snakemakes around a job, and for a share that
grows with what the job reads. resources/benchmarks/job_sizes.py measures both.
"""

import json
import math
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

MB = 2**20
# Most clusters grant a day. What takes longer is a training, which goes on where it stopped.
MOST_MINUTES = 1440
# In MB; so small differences between inputs make no requests of their own.
STEP_MB = 100

# What a step of a training keeps for each MB of its batch, by the models on volumes of 64^3.
STEP_MB_PER_MB = 150
TRAINING_MB = 1500
ANALYSIS_MB = 1500

# Volumes of a split that a training holds in memory; of larger ones it reads a few batches.
HELD_MB = 3072
# Two splits, by the same margin as measured for others: 1.04 MB of memory for each that is held.
MOST_HELD_MB = 1.5 * 2 * HELD_MB

# As morphoflow.analysis.clusters_counted, which loads libraries, has it.
MOST_FOR_ALL_PAIRS = 20_000

Request = Callable[..., int]
# From the wildcards and the inputs of a job.
FromJob = Callable[[Any, Any], float]


def memory(
    base: float | FromJob,
    per_mb: float = 0.0,
    *inputs: str,
    most: Callable[[Any], float] | None = None,
) -> Request:
    """A rule's ``mem_mb``: ``base`` MB and ``per_mb`` for each MB of the named inputs.

    ``most`` says from the wildcards how many MB are asked for them at most, where a job reads no
    more than that at a time.
    """

    def ask(wildcards: Any, input: Any, attempt: int) -> int:
        start = base(wildcards, input) if callable(base) else base
        asked = per_mb * megabytes(input, inputs)
        asked = start + (min(asked, most(wildcards)) if most else asked)
        return attempt * STEP_MB * math.ceil(asked / STEP_MB)

    return ask


def step_memory(samples: Path, batch: int) -> float:
    """The MB of a training besides its data: libraries, and what a step on ``batch`` samples keeps.

    That grows with the size of a sample, not with their number.
    """
    shape = shape_of(samples)
    return TRAINING_MB + STEP_MB_PER_MB * size_mb(samples / "x") * min(1, batch / max(shape[0], 1))


def shape_of(samples: Path) -> list[int]:
    """The shape of a store's samples, their number first; ``[0]`` of what is not there."""
    return _described(samples / "x").get("shape", [0])


def pairs_memory(samples: Path) -> float:
    """The MB of an analysis: libraries, and five numbers for each pair of objects."""
    return ANALYSIS_MB + 40 * _million_pairs(samples)


def pairs_minutes(samples: Path) -> float:
    """The minutes of an analysis, most of which go to all pairs of objects."""
    return 30 + 2 * _million_pairs(samples)


def _million_pairs(samples: Path) -> float:
    """How many million pairs the objects of a store make, as far as any method compares them."""
    shape = shape_of(samples)
    return min(shape[0], MOST_FOR_ALL_PAIRS) ** 2 / 1e6


def minutes(
    base: float | FromJob,
    per_mb: float = 0.0,
    *inputs: str,
    times: Callable[[Any], float] | None = None,
) -> Request:
    """A rule's ``runtime``: ``base`` minutes and ``per_mb`` for each MB of the named inputs.

    ``times`` says from the wildcards how often the inputs are gone through, such as a training's
    epochs, or which share of them a job takes. Nothing asks for more than a day.
    """

    def ask(wildcards: Any, input: Any, attempt: int) -> int:
        passes = times(wildcards) if times else 1
        start = base(wildcards, input) if callable(base) else base
        asked = start + per_mb * passes * megabytes(input, inputs)
        return min(attempt * math.ceil(asked), MOST_MINUTES)

    return ask


def megabytes(input: Any, names: Iterable[str]) -> float:
    """The size in memory of a job's named inputs in MB; of those that are not there yet, 0."""
    paths = [path for name in names for path in _paths(input.get(name))]
    return sum(size_mb(Path(path)) for path in paths)


def size_mb(path: Path) -> float:
    """The size in MB of an array store once read, or of a file; of what is not there, 0.

    The arrays are those of a zarr store (formats 2 and 3) at ``path`` or in its groups directly
    below; only their descriptions are read. Other folders count for nothing.
    """
    try:
        return _size_mb(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return 0.0


@cache
def _size_mb(path: Path, changed: int) -> float:
    if path.is_file():
        return path.stat().st_size / MB
    folders = [path]
    if _is_group(path):
        folders += [each for each in path.iterdir() if each.is_dir()]
    return sum(map(_array_bytes, folders)) / MB


def _is_group(folder: Path) -> bool:
    return (folder / ".zgroup").is_file() or _described(folder).get("node_type") == "group"


def _array_bytes(folder: Path) -> float:
    described = _described(folder)
    if "shape" not in described:
        return 0.0
    # "float32" in format 3, "<f4" in format 2.
    kind = str(described.get("data_type", described.get("dtype")))
    number = int("".join(filter(str.isdigit, kind)) or 8)
    size = number / 8 if "data_type" in described else number
    return math.prod(described["shape"]) * size


def _described(folder: Path) -> dict:
    for name in ("zarr.json", ".zarray"):
        if (folder / name).is_file():
            return json.loads((folder / name).read_text(encoding="utf-8"))
    return {}


def _paths(given: Any) -> list[str]:
    """The paths of an input, of which there may be one, several or none."""
    if given is None:
        return []
    return [given] if isinstance(given, str) else [str(path) for path in given]
