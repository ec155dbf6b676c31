"""Morphometrics of the space that a neuron fills."""

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from morphoflow.neurons.forest import Forest
from morphoflow.neurons.morphometrics_groups import largest, mean, total
from morphoflow.neurons.morphometrics_tree import Trees


def extents(forest: Forest, trees: Trees) -> dict[str, np.ndarray]:
    """Distances and sizes of the neuron, (n,) each, in um; 0 for a soma alone.

    Width, height and depth are along x, y and z as the neuron lies. The volume of the convex hull
    is 0 where all nodes lie in a plane.
    """
    n, owner, tip = trees.n, trees.owner, trees.is_tip
    low = np.minimum.reduceat(trees.xyz, forest.offsets[:-1])
    size = np.maximum.reduceat(trees.xyz, forest.offsets[:-1]) - low
    return {
        "width_um": size[:, 0],
        "height_um": size[:, 1],
        "depth_um": size[:, 2],
        "max_distance_um": largest(trees.distance, owner, n),
        "tip_distance_mean_um": mean(trees.distance[tip], owner[tip], n),
        "convex_hull_volume_um3": np.array(
            [_hull_volume(nodes) for nodes in np.split(trees.xyz, forest.offsets[1:-1])]
        ),
    }


def moments(trees: Trees) -> dict[str, np.ndarray]:
    """How the cable spreads about its centre of mass, (n,) each; 0 without cable.

    The moments are exact integrals along the segments, so that they do not depend on the spacing
    of the nodes. The radius of gyration and the distance of the centre from the soma are in um;
    the axis ratios are those of the standard deviations along the principal axes of the cable,
    second and third to first: 0 and 0 for a line, 1 and 1 for a ball.
    """
    n, owner, length = trees.n, trees.owner, trees.length
    cable = np.maximum(total(length, owner, n), np.finfo(float).tiny)
    middle = trees.xyz - trees.segment / 2
    centre = np.stack([total(length * m, owner, n) / cable for m in middle.T], axis=1)
    offset = middle - centre[owner]
    second = offset[:, :, None] * offset[:, None, :]
    second += trees.segment[:, :, None] * trees.segment[:, None, :] / 12
    weighted = (length[:, None, None] * second).reshape(-1, 9).T
    tensor = np.stack([total(w, owner, n) / cable for w in weighted], axis=1)
    variance = np.maximum(np.linalg.eigvalsh(tensor.reshape(n, 3, 3)), 0.0)
    axes = np.sqrt(variance / np.maximum(variance[:, 2:], np.finfo(float).tiny))
    return {
        "radius_of_gyration_um": np.sqrt(variance.sum(axis=1)),
        "centroid_distance_um": np.linalg.norm(centre, axis=1),
        "axis_ratio_second_to_first": axes[:, 1],
        "axis_ratio_third_to_first": axes[:, 0],
    }


def _hull_volume(nodes: np.ndarray) -> float:
    """The volume of the convex hull of the points (m, 3); 0 for flat sets, which have none."""
    if len(nodes) < 4:
        return 0.0
    try:
        return ConvexHull(nodes).volume
    except QhullError:
        return 0.0
