"""A slice of the EM with each object in the colour of its cluster."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.figures.cluster_slice import (
    busiest_slice,
    clusters_of,
    plot_cluster_slice,
    thinned,
)
from morphoflow.figures.save import save_figure
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.rows import rows_in_order
from morphoflow.tables import read_objects


def main(*, source: dict, objects: Path, clusters: Path, method: str, svg: Path, png: Path) -> None:
    """Draw the slice that most objects cross, with their ``clusters`` by one ``method``."""
    volumes, table = open_source(source), read_objects(objects)
    found = rows_in_order(clusters, pd.Index(table["id"]))
    if method not in found:
        raise InputError(f"{clusters} has no clusters of '{method}'; add it to clusters.methods.")
    box = busiest_slice(table, volumes.shape)
    step = thinned(box)
    em = volumes.read_em(box)[0, ::step, ::step].astype(float)
    labels = volumes.read_labels(box)[0, ::step, ::step]
    painted = clusters_of(labels, table["label_id"].to_numpy(), found[method].to_numpy())
    voxel = tuple(step * size for size in volumes.voxel_size_nm[1:])
    save_figure(plot_cluster_slice(em, painted, voxel, box.start[0], method), svg, png)


if __name__ == "__main__":
    run(main)
