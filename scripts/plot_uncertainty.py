"""How sure a model is of each object, and how well it draws it."""

from pathlib import Path

from morphoflow.analysis.observed import labels_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.save import save_figure
from morphoflow.figures.uncertainty import plot_uncertainty, uncertainty_of


def main(*, crops: Path, embedding: Path, svg: Path, png: Path) -> None:
    """Draw posterior spread against reconstruction error of an ``embedding``, with ``crops``."""
    observations = read_embedding(embedding).obs
    cells = Crops.read(crops).select(observations.index.to_numpy())
    values, labels = uncertainty_of(observations), list(labels_of(observations))
    save_figure(plot_uncertainty(cells, values, labels), svg, png)


if __name__ == "__main__":
    run(main)
