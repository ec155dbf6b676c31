"""How real generated neurons are, against held-out real ones."""

from pathlib import Path

from morphoflow.analysis.scores import score_table
from morphoflow.command import run
from morphoflow.errors import CannotAnalyse
from morphoflow.forest import Forest
from morphoflow.neurons.rebuild.realism import DETAILS, Neurons, Sets, details, realism_scores
from morphoflow.neurons.samples.resample import resample
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, read_table, without, write_table

UNKNOWN = "unknown"


def main(
    *,
    trees: Path,
    samples: Path,
    objects: Path,
    generated: Path,
    origins: Path,
    settings: dict,
    seed: int,
    dataset: str,
    model: str,
    variant: str,
    realism: Path,
    scores: Path,
) -> None:
    """Compare the neurons ``generated``, with classes in ``origins``, to those of ``trees``.

    Angles along a path depend on the spacing of nodes, so all have that of the model's ``samples``.
    """
    spacing_um = read_samples(samples).attributes["resample_um"]
    forest, made = resample(Forest.read(trees), spacing_um), Forest.read(generated)
    table = align_objects(read_objects(objects), list(forest.ids), str(trees))
    made_table = align_objects(read_table(origins), list(made.ids), str(generated))
    labels = table["label"].fillna(UNKNOWN).to_numpy(dtype=str)
    groups = table["group"].to_numpy(dtype=str)
    # Neurons that were made from neurons of one animal are no more independent than these.
    group_of = dict(zip(table["id"], groups, strict=True))
    made_groups = made_table["reference"].map(group_of).to_numpy(dtype=str)
    train, held_out = (
        Neurons.of(forest.select(rows), labels[rows], groups[rows])
        for rows in (
            (table["split"] == split).to_numpy().nonzero()[0] for split in ("train", "test")
        )
    )
    made_labels = made_table["label"].to_numpy(dtype=str)
    sets = Sets(Neurons.of(made, made_labels, made_groups), train, held_out)
    try:
        detailed = details(sets)
        rows = realism_scores(sets, detailed, repeats=settings["bootstraps"], seed=seed)
    except CannotAnalyse as reason:
        detailed, rows = without(DETAILS, reason), []
    record = provenance(
        inputs=[trees, samples, objects, generated, origins], settings=settings, seed=seed
    )
    named = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(realism, detailed, record)
    write_table(scores, score_table(named, rows), record)
    print("; ".join(f"{row['score']} {row['value']:.3g}" for row in rows))


if __name__ == "__main__":
    run(main)
