"""Example organelles of every class."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.figures.organelles import Examples, example_rows, plot_organelles, widest_slices
from morphoflow.figures.save import save_figure
from morphoflow.organelles.samples.render import surfaces
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects


def main(*, volumes: Path, objects: Path, svg: Path, png: Path) -> None:
    """Draw a few of the ``volumes`` for every label of ``objects``."""
    store = read_samples(volumes)
    labels = align_objects(read_objects(objects), list(store.ids), str(volumes))["label"].tolist()
    rows = np.sort(np.concatenate(list(example_rows(labels).values())))
    chosen = store.x.oindex[rows]
    examples = Examples(widest_slices(chosen), surfaces(chosen[:, 1] / 255), store.scale[rows])
    figure = plot_organelles(examples, [labels[row] for row in rows], labels)
    save_figure(figure, svg, png)


if __name__ == "__main__":
    run(main)
