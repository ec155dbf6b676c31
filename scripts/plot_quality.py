"""What was found in the files of a dataset, and how many were repaired or refused."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, quality: Path, svg: Path, png: Path) -> None:
    """Draw the verdicts and findings of a ``quality`` table."""
    save_figure(plot_quality(read_table(quality)), svg, png)


if __name__ == "__main__":
    run(main)
