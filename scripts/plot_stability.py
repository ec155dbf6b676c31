"""How often the prealignment of crops changes under noise."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.save import save_figure
from morphoflow.figures.stability import plot_stability
from morphoflow.tables import read_table


def main(*, table: Path, svg: Path, png: Path) -> None:
    """Draw the stability columns of the ``table`` of prealigned crops."""
    save_figure(plot_stability(read_table(table)), svg, png)


if __name__ == "__main__":
    run(main)
