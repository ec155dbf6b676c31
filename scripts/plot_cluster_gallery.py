"""Members of each cluster of an embedding."""

from pathlib import Path

import numpy as np

from morphoflow.analysis.observed import labels_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.cluster_gallery import chosen_method, plot_cluster_gallery
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.rows import rows_in_order
from morphoflow.figures.save import save_figure


def main(*, crops: Path, embedding: Path, clusters: Path, svg: Path, png: Path) -> None:
    """Draw ``crops`` of the members of one method's ``clusters`` in an ``embedding``."""
    data = read_embedding(embedding)
    found = rows_in_order(clusters, data.obs_names)
    method = chosen_method(found)
    cells = Crops.read(crops).select(data.obs_names.to_numpy())
    labels = list(labels_of(data.obs))
    figure = plot_cluster_gallery(
        cells, np.asarray(data.X), found[method].to_numpy(), labels, method
    )
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
