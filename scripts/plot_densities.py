"""Density maps of every label: class means in three planes, and examples."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.densities import plot_densities
from morphoflow.figures.save import save_figure
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects


def main(*, densities: Path, objects: Path, svg: Path, png: Path) -> None:
    """Draw the maps of ``densities`` for the labels of ``objects``."""
    store = read_samples(densities)
    table = align_objects(read_objects(objects), store.ids, str(densities))
    half_um = float(store.attributes["extent_um"][0][1])
    figure = plot_densities(store.x[:], half_um, table["label"].tolist(), table["split"].tolist())
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
