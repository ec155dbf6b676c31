"""The scores of all runs on a dataset in one table, their spread over seeds, and a ranking."""

from pathlib import Path

from morphoflow.analysis.ranking import rank_models
from morphoflow.analysis.scores import combine_scores, summarise_scores
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.tables import read_objects, read_table, write_table


def main(
    *, scores: list[Path], objects: Path, output: Path, summary: Path, ranking: Path, pairs: Path
) -> None:
    """Put score tables together; ``summary`` has mean, sd and range over the seeds of each.

    ``ranking`` has a row for each variant of a model, the best first, and ``pairs`` compares any
    two, by the predictions that lie beside the table ``scores.parquet`` of each run, in a folder
    ``<model>/<variant>/seed<k>``.
    """
    table = combine_scores([read_table(path) for path in scores])
    record = provenance(inputs=scores, settings={})
    write_table(output, table, record)
    write_table(summary, summarise_scores(table), record)
    predictions = [
        path.with_name("cross_validation.parquet")
        for path in scores
        if path.name == "scores.parquet"
    ]
    groups = read_objects(objects).set_index("id")["group"]
    predicted = {_run(path): read_table(path) for path in predictions}
    record = provenance(inputs=[*scores, *predictions, objects], settings={})
    for path, made in zip((ranking, pairs), rank_models(table, predicted, groups), strict=True):
        write_table(path, made, record)


def _run(path: Path) -> tuple[str, str, int]:
    model, variant, seed = path.parts[-4:-1]
    return model, variant, int(seed.removeprefix("seed"))


if __name__ == "__main__":
    run(main)
