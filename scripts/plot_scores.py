"""All models of a dataset compared by their scores."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.save import save_figure
from morphoflow.figures.scores import plot_scores
from morphoflow.tables import read_table


def main(*, scores: Path, svg: Path, png: Path) -> None:
    """Draw the ``scores`` of all models, variants and seeds."""
    save_figure(plot_scores(read_table(scores)), svg, png)


if __name__ == "__main__":
    run(main)
