"""What a model gives back: reconstructions and lines through its latent."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.reconstructions import MOST, Reconstructions, plot_reconstructions
from morphoflow.figures.save import save_figures
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.store import open_group


def main(*, shapes: Path, pictures: Path, folder: Path) -> None:
    """Draw a store of ``shapes``, whose channels are named as those of the ``pictures``."""
    group, channels = open_group(shapes), Crops.read(pictures).channels
    made = Reconstructions.read(group["reconstructions"], MOST)
    figures = {
        "reconstructions": plot_reconstructions(made, channels),
        "traversals": plot_traversals(Paths.read(group), channels),
    }
    save_figures(figures, folder)


if __name__ == "__main__":
    run(main)
