"""How far turns and flips of a crop move its embedding."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.invariance import plot_invariance
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, invariance: Path, svg: Path, png: Path) -> None:
    """Draw an ``invariance`` table by angle."""
    save_figure(plot_invariance(read_table(invariance)), svg, png)


if __name__ == "__main__":
    run(main)
