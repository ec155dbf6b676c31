"""The figures of a dataset of organelles: objects, quality, scores."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.figures.organelles import Examples, example_rows, plot_organelles, widest_slices
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.save import save_figures
from morphoflow.figures.scores import plot_scores
from morphoflow.organelles.samples.render import surfaces
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import align_objects, read_objects, read_table


def main(*, volumes: Path, objects: Path, quality: Path, scores: Path, folder: Path) -> None:
    """Draw a few of the ``volumes`` of every label, and two tables, into ``folder``."""
    store = read_samples(volumes)
    labels = align_objects(read_objects(objects), list(store.ids), str(volumes))["label"].tolist()
    rows = np.sort(np.concatenate(list(example_rows(labels).values())))
    chosen = store.x.oindex[rows]
    examples = Examples(widest_slices(chosen), surfaces(chosen[:, 1] / 255), store.scale[rows])
    figures = {
        "objects": plot_organelles(examples, [labels[row] for row in rows], labels),
        "quality": plot_quality(read_table(quality)),
        "scores": plot_scores(read_table(scores)),
    }
    inputs = [volumes, objects, quality, scores]
    save_figures(figures, folder, provenance(inputs=inputs, settings={}))


if __name__ == "__main__":
    run(main)
