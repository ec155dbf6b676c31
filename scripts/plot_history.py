"""The course of a training."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.history import plot_history
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, history: Path, svg: Path, png: Path) -> None:
    """Draw losses and other metrics of a ``history`` by epoch."""
    save_figure(plot_history(read_table(history)), svg, png)


if __name__ == "__main__":
    run(main)
