"""How the scores of a sweep depend on each of its settings."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.save import save_figure
from morphoflow.figures.sweep import plot_sweep
from morphoflow.tables import read_table


def main(*, table: Path, swept: list, choose_by: str, svg: Path, png: Path) -> None:
    """Draw the ``table`` of a sweep against each of its ``swept`` settings."""
    save_figure(plot_sweep(read_table(table), swept, choose_by), svg, png)


if __name__ == "__main__":
    run(main)
