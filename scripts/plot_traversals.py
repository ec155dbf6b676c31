"""What a decoder makes of points on straight lines through an embedding."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.save import save_figure
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.store import open_group


def main(*, shapes: Path, crops: Path, svg: Path, png: Path) -> None:
    """Draw traversals and interpolations of ``shapes``, whose channels are those of ``crops``."""
    figure = plot_traversals(Paths.read(open_group(shapes)), Crops.read(crops).channels)
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
