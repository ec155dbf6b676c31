"""The scores of all runs on a dataset in one table, their spread over seeds, and a ranking."""

from pathlib import Path

from morphoflow.analysis.ranking import rank_models
from morphoflow.analysis.scores import combine_scores, summarise_scores
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.tables import read_objects, read_table, write_table

# Tables of scores in the folder of each run, and those that only some models have.
TABLES = ("", "cluster_", "cross_validation_", "retrieval_", "outlier_")
FURTHER = ("invariance_", "realism_")


def main(
    *,
    folder: Path,
    runs: list[str],
    objects: Path,
    output: Path,
    summary: Path,
    ranking: Path,
    pairs: Path,
) -> None:
    """Put together the scores of ``runs``, folders ``<model>/<variant>/seed<k>`` in ``folder``.

    ``summary`` has mean, sd and range over the seeds of each score, ``ranking`` a row for each
    variant of a model, the best first, and ``pairs`` compares any two by their predictions.
    """
    scores = sorted(path for run in runs for path in _score_tables(folder / run))
    predictions = {run: folder / run / "cross_validation.parquet" for run in runs}
    # All of the same inputs, so that no table is taken for one that was made of another.
    record = provenance(inputs=[*scores, *predictions.values(), objects], settings={})
    table = combine_scores([read_table(path) for path in scores])
    write_table(output, table, record)
    write_table(summary, summarise_scores(table), record)
    groups = read_objects(objects).set_index("id")["group"]
    predicted = {_named(run): read_table(path) for run, path in predictions.items()}
    for path, made in zip((ranking, pairs), rank_models(table, predicted, groups), strict=True):
        write_table(path, made, record)


def _score_tables(run: Path) -> list[Path]:
    further = (run / f"{name}scores.parquet" for name in FURTHER)
    always = [run / f"{name}scores.parquet" for name in TABLES]
    return always + [path for path in further if path.is_file()]


def _named(run: str) -> tuple[str, str, int]:
    model, variant, seed = run.split("/")
    return model, variant, int(seed.removeprefix("seed"))


if __name__ == "__main__":
    run(main)
