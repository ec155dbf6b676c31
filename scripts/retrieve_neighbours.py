"""How far ahead objects of the same label are among each object's neighbours in an embedding."""

from pathlib import Path

import numpy as np

from morphoflow.analysis.observed import labels_of, splits_of
from morphoflow.analysis.retrieval import average_precisions
from morphoflow.analysis.retrieval_null import label_table, with_p_values
from morphoflow.analysis.retrieval_scores import retrieval_scores
from morphoflow.analysis.scores import score_table
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.provenance import provenance
from morphoflow.tables import write_table


def main(
    *,
    embedding: Path,
    settings: dict,
    uses_labels: bool,
    seed: int,
    dataset: str,
    model: str,
    variant: str,
    scores: Path,
    queries: Path,
    labels: Path,
) -> None:
    """Write the average precision of each query and of each label, and the scores.

    Every labelled object is a query; if labels were used to learn the embedding, test objects are.
    """
    data = read_embedding(embedding)
    splits, groups = splits_of(data.obs), data.obs["group"].to_numpy(dtype=object)
    asked = splits == "test" if uses_labels else np.ones(len(splits), dtype=bool)
    table = average_precisions(
        data.X,
        labels_of(data.obs),
        groups,
        asked,
        metric=settings["metric"],
        exclude_group=settings["exclude_group"],
    )
    table, nulls = with_p_values(table, settings["permutations"], seed)
    level = settings["false_discovery_rate"]
    rows = retrieval_scores(
        table,
        splits,
        groups,
        level=level,
        n_bootstraps=settings["bootstraps"],
        labels_used=uses_labels,
        seed=seed,
    )
    record = provenance(inputs=[embedding], settings=settings, seed=seed)
    described = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(scores, score_table(described, rows), record)
    write_table(labels, label_table(table, nulls, level), record)
    table.insert(0, "id", data.obs_names.to_numpy(dtype=object)[table["row"]])
    write_table(queries, table.drop(columns="row"), record)


if __name__ == "__main__":
    run(main)
