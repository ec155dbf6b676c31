"""The table of morphometrics: one row of named features per neuron."""

import numpy as np
from numba import njit
from scipy.spatial import ConvexHull, QhullError

from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.tree import (
    Trees,
    beginnings,
    path_sum,
    section_ends,
    section_heads,
    strahler_orders,
    subtree_sum,
)

N_SPHERES = 50


def morphometrics(forest: Forest) -> tuple[np.ndarray, list[str]]:
    """Measure each neuron: features (n, d) float32 and their d names, units in the names.

    Only the shape is used. The SWC type codes give cell types away (apical dendrites are coded
    in excitatory cells almost alone), and many reconstructions carry a placeholder as radius.
    Every feature has a value for every tree, a soma alone included.
    """
    trees = Trees.of(forest)
    features = {
        **paths(trees),
        **topology(trees),
        **sections(trees),
        **angles(trees),
        **extents(forest, trees),
        **moments(trees),
        **sholl(trees),
    }
    return np.stack(list(features.values()), axis=1).astype(np.float32), list(features)


# Morphometrics that count: branch points, tips, orders and the balance of the tree.


def topology(trees: Trees) -> dict[str, np.ndarray]:
    """Counts per neuron, (n,) each, without units; all 0 for a soma alone.

    A stem is a child of the soma. The branch order of a tip is the number of branch points on
    its way from the soma. The Strahler order is the highest of any stem, or of a part that hangs on
    a bridge. Asymmetry is the mean of
    ``|r - s| / (r + s - 2)`` over the branch points with two children, r and s being the tips
    below them, and 0 for r = s = 1 (Van Pelt et al., Bull. Math. Biol. 54, 1992).
    """
    n, owner, tip, branch = trees.n, trees.owner, trees.is_tip, trees.is_branch
    order = path_sum(trees.joined, branch.astype(np.float64))[tip]
    is_stem = ~trees.is_root & trees.is_root[trees.joined]
    stem = np.flatnonzero(is_stem)
    top = np.flatnonzero(is_stem | ((trees.parent < 0) & ~trees.is_root))
    fork = np.flatnonzero(branch & (trees.n_children == 2))
    return {
        "n_stems": np.bincount(owner[stem], minlength=n),
        "n_branch_points": total(branch, owner, n),
        "n_tips": total(tip, owner, n),
        "max_children": largest(trees.n_children[branch], owner[branch], n),
        "max_branch_order": largest(order, owner[tip], n),
        "tip_branch_order_mean": mean(order, owner[tip], n),
        "strahler_order": largest(strahler_orders(trees.start, trees.child)[top], owner[top], n),
        "partition_asymmetry_mean": mean(_asymmetry(trees, fork), owner[fork], n),
    }


def _asymmetry(trees: Trees, fork: np.ndarray) -> np.ndarray:
    """The partition asymmetry at nodes with two children, (len(fork),) from 0 to 1."""
    tips = subtree_sum(trees.parent, trees.is_tip.astype(np.float64))
    first = trees.start[fork]
    r, s = tips[trees.child[first]], tips[trees.child[first + 1]]
    return np.abs(r - s) / np.maximum(r + s - 2, 1)


# Morphometrics of cable: lengths of paths and sections, and how straight they run.


def paths(trees: Trees) -> dict[str, np.ndarray]:
    """Distances from the soma along the cable, (n,) each, in um; 0 for a soma alone.

    The tortuosity of a tip is its path over its straight distance, at least 1, both from the soma
    or, beyond a bridge, from where its part begins; tips at that very place are left out, and it
    is 1 where none is left.
    """
    n, owner, tip, branch = trees.n, trees.owner, trees.is_tip, trees.is_branch
    begin = beginnings(trees.parent)
    straight = np.linalg.norm(trees.xyz - trees.xyz[begin], axis=1)
    along = trees.path - trees.path[begin]
    away = tip & (straight > 0)
    return {
        "cable_length_um": total(trees.length, owner, n),
        "max_path_distance_um": largest(trees.path, owner, n),
        "tip_path_distance_mean_um": mean(trees.path[tip], owner[tip], n),
        "tip_path_distance_sd_um": sd(trees.path[tip], owner[tip], n),
        "branch_point_path_distance_mean_um": mean(trees.path[branch], owner[branch], n),
        "tip_tortuosity_mean": mean(along[away] / straight[away], owner[away], n, empty=1.0),
    }


def sections(trees: Trees) -> dict[str, np.ndarray]:
    """Lengths of the sections between soma, branch points and tips, (n,) each, in um.

    Terminal sections end at a tip, internal ones at a branch point. The contraction of a section
    is the straight distance of its ends over its length, 1 for a straight one; sections of length
    0 are left out, and it is 1 where none is left. Lengths are 0 where there is no such section.
    """
    n, tip = trees.n, trees.is_tip
    end = np.flatnonzero(tip | (trees.is_branch & (trees.parent >= 0)))
    head = section_heads(trees.parent, trees.start)[end]
    length, owner, terminal = trees.path[end] - trees.path[head], trees.owner[end], tip[end]
    straight = np.linalg.norm(trees.xyz[end] - trees.xyz[head], axis=1)
    long = length > 0
    return {
        "section_length_mean_um": mean(length, owner, n),
        "section_length_sd_um": sd(length, owner, n),
        "section_length_max_um": largest(length, owner, n),
        "terminal_section_length_mean_um": mean(length[terminal], owner[terminal], n),
        "internal_section_length_mean_um": mean(length[~terminal], owner[~terminal], n),
        "section_contraction_mean": mean(straight[long] / length[long], owner[long], n, empty=1.0),
    }


# Morphometrics after Sholl: how often the cable crosses spheres about the soma.


def sholl(trees: Trees) -> dict[str, np.ndarray]:
    """The crossings of spheres about the soma (Sholl, J. Anat. 87, 1953), (n,) each.

    The radii are the middles of 50 equal steps from the soma to the farthest node, so that the
    profile scales with the neuron. The peak is the innermost sphere with the most crossings; the
    centroid is the mean radius in um, weighted with the crossings. All are 0 without cable.
    """
    profile, step = crossings(trees)
    radius = (np.arange(N_SPHERES) + 0.5) * step[:, None]
    peak = profile.argmax(axis=1)
    crossed = profile.sum(axis=1)
    return {
        "sholl_peak_crossings": profile.max(axis=1),
        "sholl_peak_radius_um": np.take_along_axis(radius, peak[:, None], axis=1)[:, 0],
        "sholl_centroid_radius_um": (profile * radius).sum(axis=1) / np.maximum(crossed, 1),
    }


def crossings(trees: Trees) -> tuple[np.ndarray, np.ndarray]:
    """The profile of crossings (n, spheres) int64 and the step between radii (n,) in um.

    The distance to the soma along a segment falls to its nearest point and rises from there, so
    that a segment crosses the spheres between its nearest point and each of its ends once.
    """
    step = largest(trees.distance, trees.owner, trees.n) / N_SPHERES
    end = trees.xyz
    back = np.where(trees.length > 0, (end * trees.segment).sum(axis=1), 0.0)
    share = np.clip(back / np.maximum(trees.length**2, np.finfo(float).tiny), 0.0, 1.0)
    nearest = np.linalg.norm(end - share[:, None] * trees.segment, axis=1)
    begin = np.linalg.norm(end - trees.segment, axis=1)
    low = np.concatenate([nearest, nearest])
    high = np.concatenate([trees.distance, begin])
    return _count(low, high, np.concatenate([trees.owner, trees.owner]), step), step


def _count(low: np.ndarray, high: np.ndarray, owner: np.ndarray, step: np.ndarray) -> np.ndarray:
    """How many intervals (low, high] hold the middle of each step, (n, spheres) int64."""
    n, unit = len(step), np.where(step > 0, step, 1.0)[owner]
    first = np.clip(np.floor(low / unit - 0.5) + 1, 0, N_SPHERES).astype(np.int64)
    stop = np.clip(np.floor(high / unit - 0.5) + 1, 0, N_SPHERES).astype(np.int64)
    width = N_SPHERES + 1
    begins = np.bincount(owner * width + first, minlength=n * width)
    ends = np.bincount(owner * width + stop, minlength=n * width)
    return np.cumsum((begins - ends).reshape(n, width), axis=1)[:, :N_SPHERES]


# Morphometrics of the space that a neuron fills.


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


# Morphometrics of direction: angles between branches, and turns along the cable.


def angles(trees: Trees) -> dict[str, np.ndarray]:
    """Angles in degrees, (n,) each; 0 where a neuron has none.

    A branch angle is that between two branches of one branch point, over all pairs: ``local`` by
    their first segments, ``remote`` by the straight lines to the ends of their sections. A path
    angle is the turn at a node with one child, 0 for straight on; it depends on the spacing of
    the nodes. Directions of length 0 are left out.
    """
    first, second = sibling_pairs(trees.is_branch, trees.start, trees.child)
    end = section_ends(trees.start, trees.child)
    inner = np.flatnonzero(~trees.is_root & (trees.n_children == 1))
    after = trees.child[trees.start[inner]]
    towards_end = trees.xyz[end] - trees.xyz[trees.parent]
    return {
        **_statistics("branch_angle_local", trees, trees.segment, first, second),
        **_statistics("branch_angle_remote", trees, towards_end, first, second),
        **_statistics("path_angle", trees, trees.segment, inner, after),
    }


@njit(cache=True, nogil=True)
def sibling_pairs(
    is_branch: np.ndarray, start: np.ndarray, child: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all pairs of children of one branch point, two (pairs,) int64 arrays."""
    count = np.diff(start) * is_branch
    first = np.empty((count * (count - 1) // 2).sum(), dtype=np.int64)
    second = np.empty_like(first)
    pair = 0
    for node in np.flatnonzero(is_branch):
        for a in range(start[node], start[node + 1]):
            for b in range(a + 1, start[node + 1]):
                first[pair], second[pair] = child[a], child[b]
                pair += 1
    return first, second


def _statistics(
    name: str, trees: Trees, direction: np.ndarray, first: np.ndarray, second: np.ndarray
) -> dict[str, np.ndarray]:
    """Mean and standard deviation of the angles between ``direction`` at two lists of rows."""
    u, v = direction[first], direction[second]
    sine, cosine = np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1)
    angle = np.degrees(np.arctan2(sine, cosine))
    known = u.any(axis=1) & v.any(axis=1)
    angle, owner = angle[known], trees.owner[first[known]]
    return {
        f"{name}_mean_deg": mean(angle, owner, trees.n),
        f"{name}_sd_deg": sd(angle, owner, trees.n),
    }


# Statistics of values that belong to neurons: one number per neuron, defined where there is none.
#
# ``values`` and ``group`` are (m,) arrays, ``group`` holding the neuron of each value; results are
# (n,) float64.


def total(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """The sum; 0 for a neuron without values."""
    return np.bincount(group, weights=values, minlength=n)


def mean(values: np.ndarray, group: np.ndarray, n: int, *, empty: float = 0.0) -> np.ndarray:
    """The mean; ``empty`` for a neuron without values."""
    count = np.bincount(group, minlength=n)
    return np.where(count > 0, total(values, group, n) / np.maximum(count, 1), empty)


def sd(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """The standard deviation of the values as a population; 0 for fewer than two."""
    deviation = values - mean(values, group, n)[group]
    return np.sqrt(mean(deviation**2, group, n))


def largest(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """The largest of the values, none of them negative; 0 for a neuron without values."""
    result = np.zeros(n)
    np.maximum.at(result, group, values)
    return result
