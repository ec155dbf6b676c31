"""The embeddings of several models as one, each with its weight."""

from pathlib import Path

from morphoflow.analysis.combination import combine, without_batches
from morphoflow.command import run
from morphoflow.embedding import labels_used, make_embedding, read_embedding, write_embedding
from morphoflow.provenance import provenance


def main(*, embeddings: list[Path], settings: dict, seed: int, output: Path) -> None:
    """Combine ``embeddings`` of the same objects.

    Settings are the ``weights``, pairs of the name and the weight of each, and ``correct_for``, the
    column of the batches that are to be mixed, if any.
    """
    weights, correct_for = settings["weights"], settings["correct_for"]
    sets = [read_embedding(path) for path in embeddings]
    x, objects = combine(sets, [weight for _, weight in weights])
    parts = [
        name for (name, _), data in zip(weights, sets, strict=True) for _ in range(data.n_vars)
    ]
    if correct_for:
        x = without_batches(x, objects, correct_for, seed)
    used = any(labels_used(data) for data in sets)
    record = provenance(inputs=embeddings, settings=settings, seed=seed)
    write_embedding(output, make_embedding(x, objects, record, labels_used=used, parts=parts))
    print(f"{x.shape[0]} objects in {x.shape[1]} dimensions")


if __name__ == "__main__":
    run(main)
