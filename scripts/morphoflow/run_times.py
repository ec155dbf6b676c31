"""How long each job of a run took, from the benchmarks that Snakemake left."""

from pathlib import Path

import pandas as pd

from morphoflow.benchmarks import benchmark_rows, number

MEASURED = {"s": "seconds", "cpu_time": "cpu_seconds", "max_rss": "peak_mb"}


def run_times(folder: Path) -> pd.DataFrame:
    """A row a job, from all ``<stage>/<job>.jsonl`` in the folder of benchmarks.

    Columns: ``stage`` (the rule), ``job`` (dataset, model, variant and seed, as far as the rule has
    them, as a path), ``seconds`` by the clock, ``cpu_seconds`` and ``peak_mb`` of all its processes
    (missing where it ended before it was measured). Of a job that ran again the last line counts.
    """
    lines = benchmark_rows(folder, _row)
    return lines.drop_duplicates(["stage", "job"], keep="last", ignore_index=True)


def stage_times(jobs: pd.DataFrame) -> pd.DataFrame:
    """A row a stage: number of jobs, and the sum, median and maximum of their seconds."""
    named = {"jobs": "count", "total": "sum", "median": "median", "longest": "max"}
    stages = jobs.groupby("stage")["seconds"].agg(**named).reset_index()
    return stages.sort_values(["total", "stage"], ascending=[False, True], ignore_index=True)


def _row(line: dict, path: Path) -> dict:
    stage, *job = path.with_suffix("").parts
    measured = {column: number(line[key]) for key, column in MEASURED.items()}
    return {"stage": stage, "job": "/".join(job), **measured}
