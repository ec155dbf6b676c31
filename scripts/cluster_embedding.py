"""Clusters of an embedding by several methods, and how good they are."""

from pathlib import Path

import pandas as pd

from morphoflow.analysis.agreement import cluster_scores, stability
from morphoflow.analysis.clusters import cluster
from morphoflow.analysis.observed import labels_of
from morphoflow.analysis.scores import score_table
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.provenance import provenance
from morphoflow.tables import write_table


def main(
    *,
    embedding: Path,
    settings: dict,
    seed: int,
    dataset: str,
    model: str,
    variant: str,
    output: Path,
    scores: Path,
) -> None:
    """Write one column of clusters a method (-1 is noise), and their scores."""
    data = read_embedding(embedding)
    found, rows = {}, []
    for method in settings["methods"]:
        found[method] = cluster(
            data.X,
            method,
            n_clusters=settings["n_clusters"],
            max_clusters=settings["max_clusters"],
            seed=seed,
        )
        rows += cluster_scores(data.X, method, found[method], labels_of(data.obs))
        rows.append(stability(data.X, method, found[method], seed))
    record = provenance(inputs=[embedding], settings=settings, seed=seed)
    write_table(output, pd.DataFrame({"id": data.obs_names, **found}), record)
    described = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(scores, score_table(described, rows), record)


if __name__ == "__main__":
    run(main)
