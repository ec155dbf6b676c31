"""How sure a model is of each object, and how well it draws it."""

from pathlib import Path

from morphoflow.analysis.observed import labels_of
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.save import save_figure
from morphoflow.figures.uncertainty import plot_uncertainty, uncertainty_of


def main(*, pictures: Path, embedding: Path, svg: Path, png: Path) -> None:
    """Draw the uncertainty of an ``embedding`` with ``pictures`` of the extremes."""
    observations = read_embedding(embedding).obs
    shown = Crops.read(pictures).select(observations.index.to_numpy())
    figure = plot_uncertainty(shown, uncertainty_of(observations), list(labels_of(observations)))
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
