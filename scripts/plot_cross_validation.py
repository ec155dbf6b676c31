"""How well several classifiers tell the labels of one embedding."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.cross_validation import plot_cross_validation
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, scores: Path, svg: Path, png: Path) -> None:
    """Draw the ``scores`` of a cross-validation."""
    save_figure(plot_cross_validation(read_table(scores)), svg, png)


if __name__ == "__main__":
    run(main)
