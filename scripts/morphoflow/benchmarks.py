"""The files in which Snakemake leaves the time and memory of each job."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError


def benchmark_rows(folder: Path, row: Callable[[dict, Path], dict]) -> pd.DataFrame:
    """A row a line of all ``*.jsonl`` files under ``folder``, as ``row`` makes it.

    ``row`` is given what the line holds, and the path of its file within the folder. Raises
    InputError where there is no file, or one that is no benchmark.
    """
    paths = sorted(folder.rglob("*.jsonl"))
    if not paths:
        raise InputError(f"{folder} holds no benchmarks (*.jsonl); run the workflow first.")
    rows = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            rows += [row(json.loads(line), path.relative_to(folder)) for line in lines]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path} is not a benchmark of Snakemake; remove the file.") from None
    return pd.DataFrame(rows)


def number(value: object) -> float:
    """The number, or NaN for what Snakemake did not measure (null, "-" or "NA")."""
    return float(value) if isinstance(value, (int, float)) else math.nan
