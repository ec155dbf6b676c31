"""How the scores of a sweep depend on each of its settings."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.save import save_figures
from morphoflow.figures.sweep import plot_sweep
from morphoflow.provenance import provenance
from morphoflow.tables import read_table


def main(*, table: Path, swept: list, choose_by: str, folder: Path) -> None:
    """Draw the ``table`` of a sweep against each of its ``swept`` settings into ``folder``."""
    figures = {"sweep": plot_sweep(read_table(table), swept, choose_by)}
    save_figures(figures, folder, provenance(inputs=[table], settings={"swept": swept}))


if __name__ == "__main__":
    run(main)
