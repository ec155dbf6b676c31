"""A slice of the EM, and the same with each object in the colour of its cluster."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from morphoflow.colors import cluster_color
from morphoflow.figures.scale import round_length, scale_bar
from morphoflow.figures.style import in_style, readable
from morphoflow.organelles.volumes.boxes import Box, Triple
from morphoflow.tables import NOISE

LARGEST = 4096  # voxels of a slice that are read along each side
DRAWN = 1024  # pixels that are drawn along each side, about
NM_PER_UM = 1000
OPACITY = 0.55
NAMED = 12


def busiest_slice(objects: pd.DataFrame, shape: Triple) -> Box:
    """The z slice that most bounding boxes cross, its middle part where it is very large."""
    change = np.zeros(shape[0] + 1, dtype=np.int64)
    np.add.at(change, objects["box_z_start"], 1)
    np.add.at(change, objects["box_z_stop"], -1)
    z = int(change.cumsum()[:-1].argmax())
    sides = [min(n, LARGEST) for n in shape[1:]]
    y, x = ((n - side) // 2 for n, side in zip(shape[1:], sides, strict=True))
    return Box((z, y, x), (z + 1, y + sides[0], x + sides[1]))


def thinned(box: Box) -> int:
    """Every how many-th voxel of a slice is drawn."""
    return max(1, max(box.shape[1:]) // DRAWN)


def clusters_of(labels: np.ndarray, ids: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """The cluster of each voxel of ``labels``, by the objects' ``ids`` (n,) and ``clusters`` (n,).

    Background, and what is not among the objects, is -2.
    """
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], labels), len(ids) - 1)
    known = (ids[order][place] == labels) & (labels != 0)
    return np.where(known, clusters[order][place], NOISE - 1)


@in_style
def plot_cluster_slice(
    em: np.ndarray | None,
    clusters: np.ndarray,
    voxel_nm: tuple[float, float],
    z: int,
    method: str,
) -> Figure:
    """Draw a slice ``em`` (h, w) beside its ``clusters`` (h, w), see :func:`clusters_of`.

    Without EM the objects are white.
    """
    what, em = ("objects", (clusters >= NOISE) * 1.0) if em is None else ("EM", em)
    high, wide = np.array(em.shape) * voxel_nm
    figure = Figure(figsize=(7.2, 0.8 + 3.3 * high / wide), layout="constrained")
    low, top = np.percentile(em, [0.5, 99.5])
    grey = np.clip((em - low) / max(top - low, 1e-9), 0, 1)[..., None].repeat(3, axis=2)
    numbers = np.unique(clusters[clusters >= NOISE])
    painted = grey.copy()
    for number in numbers:
        where = clusters == number
        painted[where] = (1 - OPACITY) * grey[where] + OPACITY * np.array(
            to_rgb(cluster_color(number))
        )
    extent = (0, wide / NM_PER_UM, high / NM_PER_UM, 0)
    left, right = figure.subplots(1, 2)
    for panel, picture, words in (
        (left, grey, f"{what}, slice {z}"),
        (right, painted, readable(method)),
    ):
        panel.imshow(picture, extent=extent)
        panel.set_title(words, loc="left")
        panel.set_axis_off()
        panel.set_ylim(1.12 * extent[2], 0)
    scale_bar(left, (0, 1.03 * extent[2]), round_length(0.3 * extent[1]))
    _name_clusters(figure, numbers)
    return figure


def _name_clusters(figure: Figure, numbers: np.ndarray) -> None:
    names = ["noise" if number == NOISE else str(number) for number in numbers[:NAMED]]
    patches = [
        Patch(color=cluster_color(number), label=name)
        for number, name in zip(numbers[:NAMED], names, strict=True)
    ]
    if patches:
        figure.legend(handles=patches, loc="outside lower right", ncols=NAMED, title="cluster")
