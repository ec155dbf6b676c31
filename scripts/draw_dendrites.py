"""The figures of a dataset of images of dendrites: images, quality, scores."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.dendrites import plot_dendrites, read_images
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.save import save_figures
from morphoflow.figures.scores import plot_scores
from morphoflow.provenance import provenance
from morphoflow.tables import align_objects, read_objects, read_table


def main(*, samples: Path, objects: Path, quality: Path, scores: Path, folder: Path) -> None:
    """Draw a few images of ``samples`` of every label, and two tables, into ``folder``."""
    images = read_images(samples)
    table = align_objects(read_objects(objects), list(images.ids), str(samples))
    figures = {
        "dendrites": plot_dendrites(images, table["label"].tolist()),
        "quality": plot_quality(read_table(quality)),
        "scores": plot_scores(read_table(scores)),
    }
    inputs = [samples, objects, quality, scores]
    save_figures(figures, folder, provenance(inputs=inputs, settings={}))


if __name__ == "__main__":
    run(main)
