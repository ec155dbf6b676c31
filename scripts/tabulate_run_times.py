"""The run times of all jobs as a table: seconds of each stage for each dataset, model and seed."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.files import whole
from morphoflow.run_times import run_times, stage_times


def main(*, benchmarks: Path, output: Path) -> None:
    """Write a row a job from the folder ``benchmarks``, tab-separated, and print sums by stage.

    It holds times, so it is no result that a second run could repeat to the byte.
    """
    jobs = run_times(benchmarks)
    with whole(output) as partial:
        jobs.to_csv(partial, sep="\t", index=False, float_format="%.2f")
    print(stage_times(jobs).to_string(index=False, float_format="%.1f"))


if __name__ == "__main__":
    run(main)
