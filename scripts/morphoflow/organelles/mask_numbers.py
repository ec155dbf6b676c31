"""Which number in a mask stands for which cluster, under which name and in which colour."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.figures.rows import rows_in_order
from morphoflow.figures.style import CLUSTER_COLORS, GREY

NOISE = -1


def objects_with_clusters(objects: pd.DataFrame, clusters: Path, method: str) -> pd.DataFrame:
    """The object table with the columns ``cluster``, -1 for noise, and ``number``.

    ``number`` is what a mask holds for the object, in the smallest unsigned type for all: the
    cluster's number plus 1, since 0 is background; noise has the number after that of the last
    cluster. Raises InputError for a ``method`` that ``clusters`` lacks.
    """
    found = rows_in_order(clusters, pd.Index(objects["id"]))
    if method not in found or method == "id":
        known = ", ".join(name for name in found if name != "id")
        raise InputError(
            f"{clusters} has no clusters of '{method}' (it has: {known}); "
            f"set masks.method to one of them, or add it to clusters.methods."
        )
    cluster = found[method].to_numpy(np.int64)
    number = np.where(cluster == NOISE, cluster.max() + 2, cluster + 1)
    return objects.assign(cluster=cluster, number=number.astype(np.min_scalar_type(number.max())))


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


def cluster_color(cluster: int) -> str:
    """The colour of a cluster, as in the figures."""
    return GREY if cluster == NOISE else CLUSTER_COLORS[cluster % len(CLUSTER_COLORS)]
