"""The figures of a dataset of neurons: trees, walks, density maps, quality, scores."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.figures.densities import plot_densities
from morphoflow.figures.neurons import plot_neurons
from morphoflow.figures.neurons_3d import plot_neurons_3d
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.save import save_figures
from morphoflow.figures.scores import plot_scores
from morphoflow.figures.walks import plot_walks, walked_neurons
from morphoflow.forest import Forest
from morphoflow.provenance import provenance
from morphoflow.store import Samples, read_samples
from morphoflow.tables import align_objects, read_objects, read_table


def main(
    *,
    trees: Path,
    walks: Path,
    reach: Path,
    densities: Path,
    objects: Path,
    quality: Path,
    scores: Path,
    folder: Path,
) -> None:
    """Draw a few neurons of every label, their walks and maps, and two tables, into ``folder``."""
    forest, table = Forest.read(trees), read_objects(objects)
    of_trees = align_objects(table, list(forest.ids), str(trees))["label"].tolist()
    maps = read_samples(densities)
    of_maps = align_objects(table, maps.ids, str(densities))
    half_um = float(maps.attributes["extent_um"][0][1])
    labels, splits = of_maps["label"].tolist(), of_maps["split"].tolist()
    rows = walked_neurons(forest, of_trees)
    x, length = walks_of(read_samples(walks), forest.ids[rows], walks)
    walked = [of_trees[row] for row in rows]
    reached = read_table(reach).set_index("id").loc[forest.ids[rows]]
    figures = {
        "neurons": plot_neurons(forest, of_trees),
        "neurons_3d": plot_neurons_3d(forest, of_trees),
        "walks": plot_walks(forest.select(rows), walked, x, length, reached),
        "densities": plot_densities(maps.x[:], half_um, labels, splits),
        "quality": plot_quality(read_table(quality)),
        "scores": plot_scores(read_table(scores)),
    }
    inputs = [trees, walks, reach, densities, objects, quality, scores]
    save_figures(figures, folder, provenance(inputs=inputs, settings={}))


def walks_of(samples: Samples, ids: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The walks (n, walks, steps, 3) of some neurons and their lengths (n, walks)."""
    row = {identifier: i for i, identifier in enumerate(samples.ids)}
    for identifier in ids:
        if identifier not in row:
            raise InputError(f"{path} has no walks of '{identifier}'; sample the walks anew.")
    at = np.array([row[identifier] for identifier in ids])
    return np.stack([samples.x[int(i)] for i in at]), samples.length[at]


if __name__ == "__main__":
    run(main)
