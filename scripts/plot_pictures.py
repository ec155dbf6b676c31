"""Pictures of objects by their places in an embedding: clusters, outliers, a map."""

from pathlib import Path

import numpy as np

from morphoflow.analysis.observed import labels_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.cluster_gallery import chosen_method, plot_cluster_gallery
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.image_map import plot_image_map
from morphoflow.figures.outlier_gallery import plot_outlier_gallery
from morphoflow.figures.save import save_figures
from morphoflow.rows import rows_in_order


def main(
    *, pictures: Path, embedding: Path, maps: Path, clusters: Path, outliers: Path, folder: Path
) -> None:
    """Draw ``pictures`` of cluster members, of ``outliers`` and on one of the ``maps``."""
    data = read_embedding(embedding)
    labels, ids = list(labels_of(data.obs)), data.obs_names
    shown = Crops.read(pictures).select(ids.to_numpy())
    found = rows_in_order(clusters, ids)
    method = chosen_method(found)
    members, x = found[method].to_numpy(), np.asarray(data.X)
    figures = {
        "cluster_gallery": plot_cluster_gallery(shown, x, members, labels, method),
        "outlier_gallery": plot_outlier_gallery(shown, rows_in_order(outliers, ids), labels),
        "image_map": plot_image_map(shown, rows_in_order(maps, ids), labels),
    }
    save_figures(figures, folder)


if __name__ == "__main__":
    run(main)
