"""The scores by which objects of an embedding are outliers."""

from pathlib import Path

from morphoflow.analysis.observed import splits_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.outliers import plot_outliers
from morphoflow.figures.rows import rows_in_order
from morphoflow.figures.save import save_figure


def main(*, embedding: Path, outliers: Path, svg: Path, png: Path) -> None:
    """Draw the scores of ``outliers``, with the splits of the objects of ``embedding``."""
    observations = read_embedding(embedding).obs
    table = rows_in_order(outliers, observations.index)
    save_figure(plot_outliers(table, list(splits_of(observations))), svg, png)


if __name__ == "__main__":
    run(main)
