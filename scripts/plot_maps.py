"""Maps of an embedding, coloured by label and by cluster."""

from pathlib import Path

from morphoflow.analysis.observed import labels_of, splits_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.rows import rows_in_order
from morphoflow.figures.save import save_figure


def main(*, maps: Path, embedding: Path, clusters: Path, method: str, svg: Path, png: Path) -> None:
    """Draw ``maps`` by the labels of ``embedding`` and by the ``clusters`` of one method."""
    observations = read_embedding(embedding).obs
    points = rows_in_order(maps, observations.index)
    found = rows_in_order(clusters, observations.index)
    if method not in found:
        raise InputError(
            f"{clusters} has no clusters of '{method}'; add it to the methods of the configuration."
        )
    labels, splits = labels_of(observations), splits_of(observations)
    figure = plot_maps(points, list(labels), list(splits), found[method].to_numpy(), method)
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
