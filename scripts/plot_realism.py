"""How far generated images are from real ones."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.realism import plot_realism, plot_realism_details
from morphoflow.figures.save import save_figures
from morphoflow.tables import read_table


def main(*, realism: Path, folder: Path) -> None:
    """Draw the distances of the table ``realism`` into ``folder``: all in short, and in detail."""
    table = read_table(realism)
    figures = {
        "realism": plot_realism(table),
        "realism_details": plot_realism_details(table),
    }
    save_figures(figures, folder)


if __name__ == "__main__":
    run(main)
