"""Crops at their places on a map of an embedding."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.image_map import plot_image_map
from morphoflow.figures.save import save_figure
from morphoflow.tables import align_objects, read_objects, read_table


def main(*, crops: Path, objects: Path, maps: Path, svg: Path, png: Path) -> None:
    """Draw ``crops`` at their places on one of the ``maps``, with the labels of ``objects``."""
    places = read_table(maps)
    table = align_objects(read_objects(objects), places["id"].tolist(), str(maps))
    cells = Crops.read(crops).select(places["id"].to_numpy())
    save_figure(plot_image_map(cells, places, table["label"].tolist()), svg, png)


if __name__ == "__main__":
    run(main)
