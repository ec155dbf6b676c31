"""Crops beside what a model made of them."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.reconstructions import MOST, Reconstructions, plot_reconstructions
from morphoflow.figures.save import save_figure
from morphoflow.store import open_group


def main(*, shapes: Path, crops: Path, svg: Path, png: Path) -> None:
    """Draw reconstructions of a store of ``shapes``, whose channels are those of ``crops``."""
    made = Reconstructions.read(open_group(shapes)["reconstructions"], MOST)
    save_figure(plot_reconstructions(made, Crops.read(crops).channels), svg, png)


if __name__ == "__main__":
    run(main)
