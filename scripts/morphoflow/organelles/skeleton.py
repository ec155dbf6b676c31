"""The skeleton of an object, on a grid of nearly cubic voxels, and what is measured on it."""

import numpy as np

from morphoflow.organelles.boxes import Triple
from morphoflow.organelles.object_masks import WHOLE, ObjectMask
from morphoflow.organelles.skeleton_graph import Graph, cycles, longest_path, skeleton_graph
from morphoflow.organelles.surface import face_centres
from morphoflow.organelles.thinning import thin
from morphoflow.organelles.topology import topology, without_cavities


def skeleton_measures(mask: ObjectMask, spacing: np.ndarray) -> dict[str, float]:
    """The measures of an object's centre line, in um where ``spacing`` (3,) is.

    The mask is brought to a grid of about the geometric mean of the largest and the smallest side
    of a voxel, by repeated slices along the coarse axis and blocks along the fine ones. An object
    with more than ``WHOLE`` voxels in its box is reduced further, by ``measured_reduction`` along
    each axis. Radii are distances from the centre line to the exposed faces of the voxels.

    ``skeleton_length_um`` is the length of all centre lines, which for a rod with round caps run
    between the caps' centres; ``tortuosity`` the longest path along them over the distance of its
    ends, 1 where there is only a point.
    """
    reduction = max(1, int(np.ceil((mask.box.size / WHOLE) ** (1 / 3))))
    factors, repeats = near_cubes(spacing, reduction)
    coarse = mask.reduced(factors)
    if mask.giant:
        surface = face_centres(coarse, spacing * factors)
    else:
        surface = face_centres(mask.whole, spacing)
    graph = _graph(coarse, spacing * factors, repeats, surface)
    holes = topology(coarse)
    return {
        **_lengths(graph),
        "skeleton_cycles": cycles(graph),
        "pieces": holes.pieces,
        "tunnels": holes.tunnels,
        "cavities": holes.cavities,
        "measured_reduction": reduction,
    }


def near_cubes(spacing: np.ndarray, reduction: int) -> tuple[Triple, Triple]:
    """Voxels along z, y and x that become one, and how often each is then repeated.

    Together they make voxels with sides of about ``reduction`` times the geometric mean of the
    largest and the smallest of ``spacing`` (3,).
    """
    side = reduction * np.sqrt(np.max(spacing) * np.min(spacing))
    factors = np.maximum(1, np.round(side / spacing)).astype(int)
    repeats = np.maximum(1, np.round(spacing / side)).astype(int)
    return tuple(factors.tolist()), tuple(repeats.tolist())


def _lengths(graph: Graph) -> dict[str, float]:
    """Lengths, counts and radii of the centre lines."""
    degree, longest = graph.degree, longest_path(graph)
    return {
        "skeleton_length_um": graph.lengths().sum(),
        "branch_points": int((degree > 2).sum()),
        "end_points": int((degree == 1).sum()),
        "radius_mean_um": graph.radius.mean(),
        "radius_min_um": graph.radius.min(),
        "radius_max_um": graph.radius.max(),
        "tortuosity": longest[0] / longest[1] if longest[1] > 0 else 1.0,
    }


def _graph(coarse: np.ndarray, spacing: np.ndarray, repeats: Triple, surface: np.ndarray) -> Graph:
    """The centre lines of the mask ``coarse``; ``surface`` is told in the same frame."""
    fine = without_cavities(coarse)
    for axis, times in enumerate(repeats):
        fine = np.repeat(fine, times, axis=axis)
    return skeleton_graph(thin(fine, spacing / repeats), spacing / repeats, surface)
