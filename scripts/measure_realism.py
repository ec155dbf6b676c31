"""How real generated images are, and whether they are copies of training images."""

from pathlib import Path

from morphoflow.analysis.scores import score_table
from morphoflow.command import run
from morphoflow.dendrites.realism.inputs import generated_images, real_images, simulated_images
from morphoflow.dendrites.realism.memorisation import memorisation_scores
from morphoflow.dendrites.realism.realism import realism_scores
from morphoflow.dendrites.realism.run import measure_nearest, measure_realism
from morphoflow.provenance import provenance
from morphoflow.tables import write_table
from morphoflow.training.devices import prepare_device


def main(
    *,
    samples: Path,
    objects: Path,
    arbors: Path,
    generated: Path,
    generated_arbors: Path,
    settings: dict,
    seed: int,
    dataset: str,
    model: str,
    variant: str,
    simulated: list[Path],
    realism: Path,
    nearest: Path,
    scores: Path,
    gpus: int,
    threads: int,
) -> None:
    """Compare the ``generated`` images with those of the dataset, as ``settings`` say.

    ``arbors`` and ``generated_arbors`` are the statistics of the arbors in both. ``simulated`` are
    samples, objects and arbors of a simulated dataset that is compared with the real one too.
    """
    device = prepare_device(gpus, threads)
    real = real_images(samples, objects, arbors)
    made = generated_images(generated, generated_arbors, real)
    other = simulated_images(*simulated, real) if simulated else None
    distances = measure_realism(real, made, settings, seed, device, other)
    likeness = measure_nearest(real, made, seed, device)
    rows = [*realism_scores(distances), *memorisation_scores(likeness, settings["threshold"])]
    inputs = [samples, objects, arbors, generated, generated_arbors, *simulated]
    record = provenance(inputs=inputs, settings=settings, seed=seed)
    named = {"dataset": dataset, "model": model, "variant": variant, "seed": seed}
    write_table(realism, distances, record)
    write_table(nearest, likeness, record)
    write_table(scores, score_table(named, rows), record)
    shares = {row["score"]: row["value"] for row in rows if row["score"].endswith("_share")}
    comparisons = ", ".join(distances["comparison"].drop_duplicates())
    print(f"compared: {comparisons}; {shares}")


if __name__ == "__main__":
    run(main)
