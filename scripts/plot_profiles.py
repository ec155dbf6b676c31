"""What sets each cluster of an embedding apart from all other objects."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.profiles import plot_profiles
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, profiles: Path, method: str, svg: Path, png: Path) -> None:
    """Draw the ``profiles`` of the clusters of one ``method``."""
    save_figure(plot_profiles(read_table(profiles), method), svg, png)


if __name__ == "__main__":
    run(main)
