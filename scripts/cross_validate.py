"""How well several classifiers tell an embedding's labels, by nested cross-validation."""

from pathlib import Path

from morphoflow.analysis.cross_validation import predict_labels, rare_classes
from morphoflow.analysis.observed import labels_of, splits_of
from morphoflow.analysis.prediction_scores import prediction_scores
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
    predictions: Path,
) -> None:
    """Write the scores of each classifier, and what it predicted for each object."""
    data = read_embedding(embedding)
    labels, groups = labels_of(data.obs), data.obs["group"].to_numpy(dtype=object)
    rare = rare_classes(labels, groups)
    if rare and not uses_labels:
        print(f"left out of the cross-validation, since in one group only: {', '.join(rare)}")
    table = predict_labels(
        data.X,
        labels,
        splits_of(data.obs),
        groups,
        n_folds=settings["folds"],
        repeats=settings["repeats"],
        most_objects=settings["most_objects"],
        labels_used=uses_labels,
        seed=seed,
    )
    if table.empty:
        print("nothing to predict, since there are fewer than two labels; the scores are missing")
    rows = prediction_scores(table, groups, settings["bootstraps"], uses_labels, seed)
    record = provenance(inputs=[embedding], settings=settings, seed=seed)
    described = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(scores, score_table(described, rows), record)
    table.insert(0, "id", data.obs_names.to_numpy(dtype=object)[table["row"]])
    write_table(predictions, table.drop(columns="row"), record)


if __name__ == "__main__":
    run(main)
