"""What an embedding shows: maps, clusters, classification, retrieval, outliers, with scores."""

from pathlib import Path

from morphoflow.analysis import tables
from morphoflow.analysis.observed import mark_controls
from morphoflow.analysis.scores import score_table
from morphoflow.annotated import annotate
from morphoflow.command import run
from morphoflow.embedding import nested, read_embedding, write_embedding
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import write_table


def main(
    *,
    embedding: Path,
    measures: Path,
    settings: dict,
    seed: int,
    dataset: str,
    model: str,
    variant: str,
    folder: Path,
) -> None:
    """Write all tables of an ``embedding`` into ``folder``, and an AnnData file with all of them.

    ``settings`` holds those of each part under its name; ``measures`` is a store of named features,
    in which clusters are told apart, and which are joined with the embedding to predict labels.
    """
    data = read_embedding(embedding)
    mark_controls(data, read_samples(measures).attributes.get("controls"))
    named = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}

    def write(part: str, scores: list[dict] | None = None, inputs: tuple = (), **made) -> None:
        record = provenance(inputs=[embedding, *inputs], settings=settings[part], seed=seed)
        for name, table in made.items():
            write_table(folder / f"{name}.parquet", table, record)
        if scores is not None:
            scored = score_table(named, scores)
            scored.attrs = next(iter(made.values())).attrs
            write_table(folder / f"{SCORES[part]}scores.parquet", scored, record)

    maps = tables.maps(data, settings["maps"], seed)
    write("maps", maps=maps)
    clusters, scores = tables.clusters(data, settings["clusters"], seed)
    write("clusters", scores, clusters=clusters)
    profiles, members = tables.profiles(data, clusters, measures)
    write("clusters", inputs=(measures,), cluster_profiles=profiles, cluster_members=members)
    confusion, scores = tables.classification(data, settings["classification"], seed)
    write("classification", scores, confusion=confusion)
    features, _ = tables.measured(data, measures)
    predictions, scores = tables.cross_validation(
        data, features, settings["cross_validation"], seed
    )
    write("cross_validation", scores, inputs=(measures,), cross_validation=predictions)
    queries, labels, scores = tables.retrieval(data, settings["retrieval"], seed)
    write("retrieval", scores, retrieval=queries, retrieval_labels=labels)
    outliers, scores = tables.outliers(data, settings["outliers"], seed)
    write("outliers", scores, outliers=outliers)
    found = annotate(data, measures, maps, clusters, outliers)
    record = provenance(inputs=[embedding, measures], settings=settings, seed=seed)
    found.uns["provenance"] = nested(record)
    write_embedding(folder / "analysed.h5ad", found)


# What the table of a part's scores is called before "scores".
SCORES = {
    "clusters": "cluster_",
    "classification": "",
    "cross_validation": "cross_validation_",
    "retrieval": "retrieval_",
    "outliers": "outlier_",
}

if __name__ == "__main__":
    run(main)
