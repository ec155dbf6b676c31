"""How well neighbours in an embedding share a label."""

from pathlib import Path

from morphoflow.analysis.classification import classification_scores, confusion_tables
from morphoflow.analysis.neighbours import classify
from morphoflow.analysis.observed import labels_of, splits_of
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
    confusion: Path,
) -> None:
    """Write the scores of nearest neighbours, beside the majority class, and who is mistaken."""
    data = read_embedding(embedding)
    groups = data.obs["group"].to_numpy(dtype=object)
    predictions = classify(
        data.X,
        labels_of(data.obs),
        splits_of(data.obs),
        groups,
        neighbours=settings["neighbours"],
        labels_used=uses_labels,
    )
    rows = [
        row
        for predicted in predictions
        for row in classification_scores(predicted, groups, settings["bootstraps"], seed)
    ]
    record = provenance(inputs=[embedding], settings=settings, seed=seed)
    described = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(scores, score_table(described, rows), record)
    write_table(confusion, confusion_tables(predictions), record)


if __name__ == "__main__":
    run(main)
