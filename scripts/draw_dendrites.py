"""The figures of a dataset of images of dendrites: images, quality, scores."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.dendrites.arbors.truth import true_and_traced
from morphoflow.figures.dendrites import plot_dendrites, read_images
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.save import save_figures
from morphoflow.figures.scores import plot_scores
from morphoflow.provenance import provenance
from morphoflow.tables import align_objects, read_objects, read_table


def main(
    *, samples: Path, objects: Path, arbors: Path, quality: Path, scores: Path, folder: Path
) -> None:
    """Draw a few images of ``samples`` of every label, and two tables, into ``folder``.

    Below the images stands how simulated ones were traced, by the statistics in ``arbors``.
    """
    images = read_images(samples)
    table = align_objects(read_objects(objects), list(images.ids), str(samples))
    topology = true_and_traced(table, read_table(arbors))
    figures = {
        "dendrites": plot_dendrites(images, table["label"].tolist(), topology),
        "quality": plot_quality(read_table(quality)),
        "scores": plot_scores(read_table(scores)),
    }
    inputs = [samples, objects, arbors, quality, scores]
    save_figures(figures, folder, provenance(inputs=inputs, settings={}))


if __name__ == "__main__":
    run(main)
