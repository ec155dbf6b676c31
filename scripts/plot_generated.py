"""Generated images beside real ones."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.dendrites import read_images
from morphoflow.figures.generated import plot_generated
from morphoflow.figures.save import save_figure


def main(*, generated: Path, samples: Path, svg: Path, png: Path) -> None:
    """Draw images of the store ``generated`` beside real ones of ``samples``."""
    save_figure(plot_generated(read_images(generated), read_images(samples)), svg, png)


if __name__ == "__main__":
    run(main)
