"""In which measures and clusters groups of objects differ, and whether embeddings part batches."""

from pathlib import Path

from morphoflow.analysis.differences import cluster_values, compare_groups, feature_values
from morphoflow.analysis.mixing import mixing, mixing_table
from morphoflow.analysis.tables import UNFIT
from morphoflow.command import run
from morphoflow.embedding import LABEL_SEEN, read_embedding
from morphoflow.figures.differences import plot_differences
from morphoflow.figures.save import save_figure
from morphoflow.manifest import list_files
from morphoflow.provenance import provenance
from morphoflow.reading.label_tables import with_columns
from morphoflow.tables import write_table


def main(
    *,
    analysed: list[Path],
    table: list[Path],
    settings: dict,
    differences: Path,
    mixed: Path,
    svg: Path,
    png: Path,
) -> None:
    """Compare groups of the objects of ``analysed``, one file for each variant of a model.

    ``settings`` are those of ``compare`` in the configuration; ``table``, at most one, holds
    further columns of the objects.
    """
    first = read_embedding(analysed[0])
    objects = with_columns(first.obs, table)
    fit = ~first.var_names.str.startswith(UNFIT)
    named = [feature_values(first.X[:, fit], list(first.var_names[fit]))]
    batch = settings["within"] or settings["unit"]
    rows = []
    for path in analysed:
        model, variant = path.parts[-4:-2]
        data = read_embedding(path)[first.obs_names]
        seen = data.obs[LABEL_SEEN].to_numpy(dtype=bool)
        named.append(cluster_values(data.obs["clusters"].to_numpy(), model, variant, seen))
        if batch in objects and settings["column"] in objects:
            of_run = mixing(data.obsm["X_embedding"], objects[batch], objects[settings["column"]])
            rows.append({"model": model, "variant": variant, "batch": batch, **of_run})
    record = provenance(inputs=[*analysed, *table], settings=settings)
    found = compare_groups(named, objects, **settings)
    write_table(differences, found, record)
    write_table(mixed, mixing_table(rows), record)
    save_figure(plot_differences(found), svg, png)
    list_files([svg, png], record)


if __name__ == "__main__":
    run(main)
