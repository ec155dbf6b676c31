"""Example neurons of every label."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.neurons import plot_neurons
from morphoflow.figures.save import save_figure
from morphoflow.forest import Forest
from morphoflow.tables import align_objects, read_objects


def main(*, trees: Path, objects: Path, svg: Path, png: Path) -> None:
    """Draw a few neurons of ``trees`` for every label of ``objects``."""
    forest = Forest.read(trees)
    table = align_objects(read_objects(objects), list(forest.ids), str(trees))
    save_figure(plot_neurons(forest, table["label"].tolist()), svg, png)


if __name__ == "__main__":
    run(main)
