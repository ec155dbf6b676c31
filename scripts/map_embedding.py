"""Two-dimensional maps of an embedding."""

from pathlib import Path

from morphoflow.analysis.maps import map_embedding
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.provenance import provenance
from morphoflow.tables import write_table


def main(*, embedding: Path, settings: dict, seed: int, output: Path) -> None:
    """Write PCA, t-SNE and UMAP coordinates of every object."""
    data = read_embedding(embedding)
    table = map_embedding(
        data.X,
        data.obs_names.to_numpy(),
        perplexity=settings["perplexity"],
        neighbours=settings["neighbours"],
        min_distance=settings["min_distance"],
        seed=seed,
    )
    write_table(output, table, provenance(inputs=[embedding], settings=settings, seed=seed))


if __name__ == "__main__":
    run(main)
