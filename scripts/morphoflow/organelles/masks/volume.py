"""A label volume whose objects have the numbers of their clusters, computed as it is read."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.colors import cluster_color
from morphoflow.organelles.counting.lookup import Relabelling, relabel
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.pieces import pieces
from morphoflow.organelles.volumes.source import Source
from morphoflow.rows import rows_in_order
from morphoflow.tables import NOISE, RECOMMENDED


class MaskVolume:
    """The ``source``'s labels under other numbers; its boxes take little more memory than these.

    ``shape``, ``chunks``, ``voxel_size_nm`` and ``offset`` are those of the labels.
    """

    def __init__(self, source: Source, table: Relabelling) -> None:
        self.shape, self.chunks = source.shape, source.labels.chunks
        self.voxel_size_nm, self.offset = source.voxel_size_nm, source.offset
        self.dtype = table.numbers.dtype
        self._source, self._table = source, table

    def read(self, box: Box) -> np.ndarray:
        """The numbers in ``box``; the labels themselves are read in pieces of it."""
        out = np.empty(box.shape, self.dtype)
        for piece in pieces(box, self.chunks):
            out[piece.within(box)] = relabel(self._source.read_labels(piece), self._table)
        return out


# Which number in a mask stands for which cluster, under which name and in which colour.


def objects_with_clusters(objects: pd.DataFrame, clusters: Path) -> pd.DataFrame:
    """The object table with the columns ``cluster``, -1 for noise, and ``number``.

    ``number`` is what a mask holds for the object, in the smallest unsigned type for all: the
    cluster's number plus 1, since 0 is background; noise has the number after that of the last
    cluster. The clusters are those of the recommended method, whose name the ``attrs`` hold.
    """
    table = rows_in_order(clusters, pd.Index(objects["id"]))
    cluster = table[table.attrs[RECOMMENDED]].to_numpy(np.int64)
    number = np.where(cluster == NOISE, cluster.max() + 2, cluster + 1)
    number = number.astype(np.min_scalar_type(number.max()))
    joined = objects.assign(cluster=cluster, number=number)
    joined.attrs[RECOMMENDED] = table.attrs[RECOMMENDED]
    return joined


def cluster_list(objects: pd.DataFrame) -> pd.DataFrame:
    """One row a cluster, ascending by ``number``: cluster, name, color, objects, volume_um3."""
    groups = objects.groupby("number", sort=True)
    clusters = groups["cluster"].first()
    rows = {
        "cluster": clusters,
        "name": [cluster_name(cluster) for cluster in clusters],
        "color": [cluster_color(cluster) for cluster in clusters],
        "objects": groups.size(),
        "volume_um3": groups["volume_um3"].sum(),
    }
    return pd.DataFrame(rows).reset_index()


def cluster_name(cluster: int) -> str:
    """What a cluster is called in tables and viewers."""
    return "noise" if cluster == NOISE else f"cluster {cluster}"
