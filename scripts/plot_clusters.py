"""Clusters of an embedding against the labels of its objects."""

from pathlib import Path

from morphoflow.analysis.observed import labels_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.clusters import agreement_of, plot_clusters
from morphoflow.figures.rows import rows_in_order
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, embedding: Path, clusters: Path, scores: Path, svg: Path, png: Path) -> None:
    """Draw each method's ``clusters`` against the labels of ``embedding``, with its ``scores``."""
    observations = read_embedding(embedding).obs
    found = rows_in_order(clusters, observations.index).drop(columns="id")
    agreement = agreement_of(read_table(scores))
    save_figure(plot_clusters(list(labels_of(observations)), found, agreement), svg, png)


if __name__ == "__main__":
    run(main)
