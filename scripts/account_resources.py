"""What the jobs of a run asked for and used, rule by rule, and what they should ask for.

Run it by hand after a run; it needs nothing but the benchmarks::

    python scripts/account_resources.py --benchmarks results/benchmarks --output accounting.tsv
"""

from pathlib import Path

from morphoflow.accounting import advise, read_benchmarks, summarise
from morphoflow.command import run
from morphoflow.files import whole
from morphoflow.slurm_books import failures, read_books


def main(*, benchmarks: Path, output: Path, since: str = "now-7days") -> None:
    """Write the table; print advice, and failures ``since`` then where SLURM keeps books."""
    table = summarise(read_benchmarks(benchmarks))
    with whole(output) as partial:
        table.to_csv(partial, sep="\t", index=False, float_format="%.4g")
    books = read_books(since)
    said = advise(table)
    if books is not None:
        rows = failures(books).itertuples()
        said += [f"{row.rule}: {row.jobs} jobs ended as {row.State}." for row in rows]
    total = f"{int(table['jobs'].sum())} jobs of {len(table)} rules: {output}"
    print("\n".join([*said, total]))


if __name__ == "__main__":
    run(main)
