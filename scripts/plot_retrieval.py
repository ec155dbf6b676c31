"""Average precision of the objects of each label, against chance."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.retrieval import plot_retrieval
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, queries: Path, labels: Path, svg: Path, png: Path) -> None:
    """Draw the average precision of ``queries``, with the summary of their ``labels``."""
    save_figure(plot_retrieval(read_table(queries), read_table(labels)), svg, png)


if __name__ == "__main__":
    run(main)
