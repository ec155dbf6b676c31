"""Example images of every label."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.dendrites import plot_dendrites, read_images
from morphoflow.figures.save import save_figure
from morphoflow.tables import align_objects, read_objects


def main(*, samples: Path, objects: Path, svg: Path, png: Path) -> None:
    """Draw a few of the images of ``samples`` for every label of ``objects``."""
    images = read_images(samples)
    table = align_objects(read_objects(objects), list(images.ids), str(samples))
    save_figure(plot_dendrites(images, table["label"].tolist()), svg, png)


if __name__ == "__main__":
    run(main)
