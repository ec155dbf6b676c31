"""How long each job of a run took, from the benchmarks that Snakemake left."""

import json
from pathlib import Path

import pandas as pd

from morphoflow.errors import InputError

MEASURED = {"s": "seconds", "cpu_time": "cpu_seconds", "max_rss": "peak_mb"}


def run_times(folder: Path) -> pd.DataFrame:
    """A row a job, from all ``<stage>/<job>.jsonl`` in the folder of benchmarks.

    Columns: ``stage`` (the rule), ``job`` (dataset, model, variant and seed, as far as the rule has
    them, as a path), ``seconds`` by the clock, ``cpu_seconds`` and ``peak_mb`` of all its processes
    (missing where it ended before it was measured). Of a job that ran again the last line counts.
    """
    paths = sorted(folder.rglob("*.jsonl"))
    if not paths:
        raise InputError(f"{folder} holds no benchmarks (*.jsonl); run the workflow first.")
    return pd.DataFrame([_row(path, path.relative_to(folder)) for path in paths])


def stage_times(jobs: pd.DataFrame) -> pd.DataFrame:
    """A row a stage: number of jobs, and the sum, median and maximum of their seconds."""
    named = {"jobs": "count", "total": "sum", "median": "median", "longest": "max"}
    stages = jobs.groupby("stage")["seconds"].agg(**named).reset_index()
    return stages.sort_values(["total", "stage"], ascending=[False, True], ignore_index=True)


def _row(path: Path, name: Path) -> dict:
    try:
        line = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        measured = {column: _number(line[key]) for key, column in MEASURED.items()}
    except (ValueError, KeyError, TypeError, IndexError):
        raise InputError(f"{path} is not a benchmark of Snakemake; remove the file.") from None
    stage, *job = name.with_suffix("").parts
    return {"stage": stage, "job": "/".join(job), **measured}


def _number(value: object) -> float:
    """The number, or NaN for what Snakemake did not measure (null, "-" or "NA")."""
    return float(value) if isinstance(value, (int, float)) else float("nan")
