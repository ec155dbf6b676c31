"""All figures of an embedding and of what was made of it, for objects of any kind."""

from pathlib import Path

from morphoflow.analysis.observed import labels_of, splits_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.figures.clusters import agreement_of, plot_clusters
from morphoflow.figures.confusion import plot_confusion
from morphoflow.figures.cross_validation import plot_cross_validation
from morphoflow.figures.maps import plot_maps
from morphoflow.figures.outliers import plot_outliers
from morphoflow.figures.retrieval import plot_retrieval
from morphoflow.figures.save import save_figures
from morphoflow.rows import rows_in_order
from morphoflow.tables import read_table


def main(
    *,
    embedding: Path,
    maps: Path,
    clusters: Path,
    cluster_scores: Path,
    confusion: Path,
    cross_validation: Path,
    retrieval: Path,
    retrieval_labels: Path,
    outliers: Path,
    method: str,
    folder: Path,
) -> None:
    """Draw into ``folder``; maps show the labels, and the clusters of one ``method``."""
    observations = read_embedding(embedding).obs
    labels, splits = list(labels_of(observations)), list(splits_of(observations))
    found = rows_in_order(clusters, observations.index)
    if method not in found:
        raise InputError(
            f"{clusters} has no clusters of '{method}'; add it to the methods of the configuration."
        )
    points, strange = (rows_in_order(path, observations.index) for path in (maps, outliers))
    agreement = agreement_of(read_table(cluster_scores))
    queries, by_label = read_table(retrieval), read_table(retrieval_labels)
    figures = {
        "maps": plot_maps(points, labels, splits, found[method].to_numpy(), method),
        "clusters": plot_clusters(labels, found.drop(columns="id"), agreement),
        "confusion": plot_confusion(read_table(confusion)),
        "cross_validation": plot_cross_validation(read_table(cross_validation)),
        "retrieval": plot_retrieval(queries, by_label),
        "outliers": plot_outliers(strange, splits),
    }
    save_figures(figures, folder)


if __name__ == "__main__":
    run(main)
