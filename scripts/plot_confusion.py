"""Which classes neighbours in an embedding mistake for one another."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.confusion import plot_confusion
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, confusion: Path, svg: Path, png: Path) -> None:
    """Draw a matrix for each split of a ``confusion`` table."""
    save_figure(plot_confusion(read_table(confusion)), svg, png)


if __name__ == "__main__":
    run(main)
