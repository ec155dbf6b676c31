"""The embeddings of several models as one, each with its weight."""

from pathlib import Path

from morphoflow.analysis.combination import combine
from morphoflow.command import run
from morphoflow.embedding import labels_used, make_embedding, read_embedding, write_embedding
from morphoflow.provenance import provenance


def main(*, embeddings: list[Path], weights: list, seed: int, output: Path) -> None:
    """Combine ``embeddings`` of the same objects, each with a name and a weight in ``weights``."""
    sets = [read_embedding(path) for path in embeddings]
    x, objects = combine(sets, [weight for _, weight in weights])
    parts = [
        name for (name, _), data in zip(weights, sets, strict=True) for _ in range(data.n_vars)
    ]
    used = any(labels_used(data) for data in sets)
    record = provenance(inputs=embeddings, settings={"weights": weights}, seed=seed)
    write_embedding(output, make_embedding(x, objects, record, labels_used=used, parts=parts))
    print(f"{x.shape[0]} objects in {x.shape[1]} dimensions")


if __name__ == "__main__":
    run(main)
