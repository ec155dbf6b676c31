"""What a model of walks makes of single walks: probes under noise, and a map of latents."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.kappa_probes import plot_kappa_probes
from morphoflow.figures.save import save_figures
from morphoflow.figures.walk_map import plot_walk_map
from morphoflow.tables import read_table


def main(*, probes: Path, walks: Path, folder: Path) -> None:
    """Draw the tables of scripts/examine_walks.py into ``folder``."""
    figures = {
        "kappa_probes": plot_kappa_probes(read_table(probes)),
        "walk_map": plot_walk_map(read_table(walks)),
    }
    save_figures(figures, folder)


if __name__ == "__main__":
    run(main)
