"""Example crops of every label."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.crops import plot_crops
from morphoflow.figures.save import save_figure
from morphoflow.tables import align_objects, read_objects


def main(*, crops: Path, objects: Path, svg: Path, png: Path) -> None:
    """Draw a few of the ``crops`` for every label of ``objects``."""
    cells = Crops.read(crops)
    table = align_objects(read_objects(objects), list(cells.ids), str(crops))
    save_figure(plot_crops(cells, table["label"].tolist()), svg, png)


if __name__ == "__main__":
    run(main)
