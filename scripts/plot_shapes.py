"""What a model gives back: reconstructions, lines through its latent, and how sure it is."""

from pathlib import Path

from morphoflow.analysis.observed import labels_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.reconstructions import MOST, Reconstructions, plot_reconstructions
from morphoflow.figures.save import save_figures
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.figures.uncertainty import plot_uncertainty, uncertainty_of
from morphoflow.store import open_group


def main(*, shapes: Path, crops: Path, embedding: Path, folder: Path) -> None:
    """Draw a store of ``shapes`` and the uncertainty of an ``embedding``, with their ``crops``."""
    group, observations = open_group(shapes), read_embedding(embedding).obs
    cells = Crops.read(crops)
    made = Reconstructions.read(group["reconstructions"], MOST)
    shown, labels = cells.select(observations.index.to_numpy()), list(labels_of(observations))
    figures = {
        "reconstructions": plot_reconstructions(made, cells.channels),
        "traversals": plot_traversals(Paths.read(group), cells.channels),
        "uncertainty": plot_uncertainty(shown, uncertainty_of(observations), labels),
    }
    save_figures(figures, folder)


if __name__ == "__main__":
    run(main)
