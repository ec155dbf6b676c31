"""The scores of all runs on a dataset in one table, and their spread over seeds."""

from pathlib import Path

from morphoflow.analysis.scores import combine_scores, summarise_scores
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.tables import read_table, write_table


def main(*, scores: list[Path], output: Path, summary: Path) -> None:
    """Put score tables together; ``summary`` has mean, sd and range over the seeds of each."""
    table = combine_scores([read_table(path) for path in scores])
    record = provenance(inputs=scores, settings={})
    write_table(output, table, record)
    write_table(summary, summarise_scores(table), record)


if __name__ == "__main__":
    run(main)
