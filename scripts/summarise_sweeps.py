"""All sweeps of a configuration in one tidy table, with intervals over seeds."""

from pathlib import Path

from morphoflow.analysis.sweep_summary import summarise_sweeps
from morphoflow.command import run
from morphoflow.files import whole
from morphoflow.manifest import list_files
from morphoflow.provenance import provenance
from morphoflow.tables import read_table, write_table


def main(*, tables: list[Path], names: list[str], output: Path, text: Path) -> None:
    """Join the ``tables`` of the sweeps ``names``, as Parquet and as tab-separated ``text``."""
    read = [read_table(path) for path in tables]
    summary = summarise_sweeps(dict(zip(names, read, strict=True)))
    record = provenance(inputs=tables, settings={"sweeps": names})
    write_table(output, summary, record)
    with whole(text) as partial:
        summary.to_csv(partial, sep="\t", index=False, float_format="%.4f")
    list_files([text], record)
    print(f"{len(names)} sweeps, {len(summary)} scores: {text}")


if __name__ == "__main__":
    run(main)
