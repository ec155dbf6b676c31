"""What the jobs of a run asked for and what they used, from the benchmarks that they left.

Snakemake writes a line a job: wall time, CPU time and the largest resident memory of the job's
processes together. With ``--benchmark-extended`` (on in profiles/default) the line also names the
rule and what was asked for. It holds the last attempt alone; failed ones are in SLURM's books.
"""

import math
from pathlib import Path

import pandas as pd

from morphoflow.benchmarks import benchmark_rows, number

# Proposals leave this much above the largest use that was seen, for larger data and busy machines.
MEMORY_MARGIN, TIME_MARGIN = 1.3, 2.0
MEMORY_STEP_MB, TIME_STEP_MINUTES = 500, 10


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """A row a job of all ``*.jsonl`` files under ``folder``, with columns:

    rule; asked_mb, asked_minutes, asked_gpus and asked_threads (NaN where unknown); used_mb (NaN
    for a job too short to be measured), used_minutes and used_cores, the mean number of busy ones.
    Raises InputError as :func:`morphoflow.benchmarks.benchmark_rows` does.
    """
    return benchmark_rows(folder, _row)


def summarise(jobs: pd.DataFrame) -> pd.DataFrame:
    """A row a rule, the one with the most hours first: numbers, sums, maxima and proposals.

    A proposal is the largest use with a margin, rounded up. It is made from this run's data and
    does not know of larger ones.
    """
    rules = jobs.groupby("rule")
    table = pd.DataFrame(
        {
            "jobs": rules.size(),
            "hours": rules["used_minutes"].sum() / 60,
            "gpu_hours": _gpu_minutes(jobs).groupby(jobs["rule"]).sum() / 60,
            "asked_minutes": rules["asked_minutes"].max(),
            "used_minutes": rules["used_minutes"].max(),
            "asked_mb": rules["asked_mb"].max(),
            "used_mb": rules["used_mb"].max(),
            "asked_threads": rules["asked_threads"].max(),
            "used_cores": rules["used_cores"].max(),
            "asked_gpus": rules["asked_gpus"].max(),
        }
    )
    table["proposed_minutes"] = _rounded(table["used_minutes"] * TIME_MARGIN, TIME_STEP_MINUTES)
    table["proposed_mb"] = _rounded(table["used_mb"] * MEMORY_MARGIN, MEMORY_STEP_MB)
    return table.sort_values(["hours", "rule"], ascending=[False, True]).reset_index()


def advise(table: pd.DataFrame) -> list[str]:
    """Sentences on the rules that ask for less than they need, or for four times as much."""
    said = []
    for row in table.itertuples():
        for what, unit in (("minutes", "minutes"), ("mb", "MB")):
            asked, used = getattr(row, f"asked_{what}"), getattr(row, f"used_{what}")
            proposed = getattr(row, f"proposed_{what}")
            if asked < proposed or asked > 4 * proposed:
                said.append(
                    f"{row.rule}: asked for {asked:g} {unit}, used {used:.3g} at most;"
                    f" {proposed:g} would do."
                )
    return said


def _row(line: dict, path: Path) -> dict:
    asked = line.get("resources", {})
    seconds = number(line["s"])
    return {
        # Benchmarks lie in a folder that is named after their rule.
        "rule": line.get("rule_name", path.parts[0].removesuffix(".jsonl")),
        "asked_mb": number(asked.get("mem_mb")),
        "asked_minutes": number(asked.get("runtime")),
        "asked_gpus": number(asked.get("gpu", 0)) if asked else math.nan,
        "asked_threads": number(line.get("threads")),
        "used_mb": number(line["max_rss"]),
        "used_minutes": seconds / 60,
        "used_cores": number(line["cpu_time"]) / max(seconds, 1e-3),
    }


def _gpu_minutes(jobs: pd.DataFrame) -> pd.Series:
    return jobs["used_minutes"] * jobs["asked_gpus"].fillna(0)


def _rounded(values: pd.Series, step: int) -> pd.Series:
    return (values / step).apply(
        lambda value: value if math.isnan(value) else math.ceil(value)
    ) * step
