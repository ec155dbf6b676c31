"""Objects of an embedding that are far from others, or where few are to be expected."""

from pathlib import Path

from morphoflow.analysis.observed import splits_of
from morphoflow.analysis.outliers import find_outliers
from morphoflow.analysis.scores import score, score_table
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.provenance import provenance
from morphoflow.tables import write_table

# What a model may have said about how sure it is of an object; it is shown beside the outliers.
UNCERTAINTY = ("posterior_sd", "reconstruction_error")


def main(
    *,
    embedding: Path,
    settings: dict,
    seed: int,
    dataset: str,
    model: str,
    variant: str,
    scores: Path,
    output: Path,
) -> None:
    """Write distance, log density and their p-values for each object, and the share flagged."""
    data = read_embedding(embedding)
    splits, groups = splits_of(data.obs), data.obs["group"].to_numpy(dtype=object)
    if not (splits == "validation").any():
        print("no validation objects to calibrate by: conformal p-values are missing")
    table = find_outliers(
        data.X,
        splits,
        groups,
        neighbours=settings["neighbours"],
        false_discovery_rate=settings["false_discovery_rate"],
        seed=seed,
    )
    rows = [
        score("all", "outlier_fraction", float(table["outlier"].mean()), len(table)),
        score("all", "outlier_components", float(table.attrs["components"]), len(table)),
    ]
    table.insert(0, "id", data.obs_names.to_numpy(dtype=object))
    carried = [name for name in UNCERTAINTY if name in data.obs]
    table[carried] = data.obs[carried].to_numpy(dtype=float)
    record = provenance(inputs=[embedding], settings=settings, seed=seed)
    described = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(scores, score_table(described, rows), record)
    write_table(output, table, record)


if __name__ == "__main__":
    run(main)
