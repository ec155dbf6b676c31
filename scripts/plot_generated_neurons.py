"""Generated neurons beside real ones of their class."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.figures.generated_neurons import plot_generated_neurons
from morphoflow.figures.save import save_figure
from morphoflow.forest import Forest
from morphoflow.tables import align_objects, read_objects, read_table


def main(
    *, trees: Path, objects: Path, generated: Path, origins: Path, svg: Path, png: Path
) -> None:
    """Draw neurons of the forest ``generated`` beside those of ``trees`` in the test split."""
    forest, made = Forest.read(trees), Forest.read(generated)
    table = align_objects(read_objects(objects), list(forest.ids), str(trees))
    made_table = align_objects(read_table(origins), list(made.ids), str(generated))
    held_out = np.flatnonzero(table["split"] == "test")
    figure = plot_generated_neurons(
        forest.select(held_out),
        table["label"].iloc[held_out].tolist(),
        made,
        made_table["label"].tolist(),
    )
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
