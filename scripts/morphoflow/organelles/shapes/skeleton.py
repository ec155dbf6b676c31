"""The skeleton of an object, on a grid of nearly cubic voxels, and what is measured on it."""

import numpy as np
from numba import njit

from morphoflow.images.skeleton_graph import Graph, cycles, longest_path, skeleton_graph
from morphoflow.organelles.shapes.ends import reaching_ends
from morphoflow.organelles.shapes.masks import WHOLE, ObjectMask
from morphoflow.organelles.shapes.surface import face_centres
from morphoflow.organelles.shapes.topology import topology, without_cavities
from morphoflow.organelles.volumes.boxes import Triple

OFFSETS = np.array([(z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1)])

CENTRE = 13

PRECEDING = OFFSETS[:CENTRE]

# Depth grows by the whole of a step towards a surface's inside, by nothing along a ridge.
RIDGE = np.float32(0.3)

# Voxels whose depths differ by less than this share of a voxel are thinned grid by grid.
LAYER = np.float32(0.5)

# A branch sticks out of its stem by more than the stem's radius: the edges of a flat end, along
# which the deepest voxels lie, do so by less.
BRANCH = 1.25
# A line is cut where the ball about its tip sticks out of one before it by less than this share of
# the radius: beyond, the edges of a flat end draw it aside (a rim lies 0.41 radii outside of the
# last ball). Rays through the mask then say how far the line reaches.
END = 0.55

_STEPS = np.abs(OFFSETS).sum(axis=1)


# Thinning of a mask to lines one voxel wide that have the mask's topology.
#
# scikit-image's ``skeletonize`` is not used: in release 0.26 it erases some objects whole, among
# them a box of 6 x 6 x 36 voxels.


def _adjacency(furthest: int, members: np.ndarray) -> np.ndarray:
    """For each of the 27 voxels of a neighbourhood the bits of its neighbours, (27,) int64.

    Neighbours differ by 1 in at most ``furthest`` coordinates; only ``members`` are joined.
    """
    step = np.abs(OFFSETS[:, None] - OFFSETS[None])
    joined = (step.max(axis=2) == 1) & (step.sum(axis=2) <= furthest)
    joined &= members[:, None] & members[None]
    return (joined * (1 << np.arange(27))).sum(axis=1)


TOUCHING = _adjacency(3, _STEPS > 0)

FACING = _adjacency(1, (_STEPS > 0) & (_STEPS < 3))

FACES = int((1 << np.flatnonzero(_STEPS == 1)).sum())

NEAR = int((1 << np.flatnonzero((_STEPS > 0) & (_STEPS < 3))).sum())


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
    if mask.giant:
        graph = reaching_ends(graph, coarse, spacing * factors)
    else:
        graph = reaching_ends(graph, mask.whole, spacing)
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
    """The centre lines of the mask ``coarse``; ``surface`` is given in the same frame."""
    fine = without_cavities(coarse)
    for axis, times in enumerate(repeats):
        fine = np.repeat(fine, times, axis=axis)
    voxels = thin(fine, spacing / repeats)
    return skeleton_graph(voxels, spacing / repeats, surface, branch=BRANCH, end=END, reach=0)


def thin(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """The voxels (k, 3) int64 of a centred skeleton of ``mask`` (z, y, x), bool.

    Homotopic thinning in the order of the distance from the background (Pudney, Computer Vision
    and Image Understanding 72, 1998): a voxel goes if it is simple for 26-connected objects in a
    6-connected background, and no end of a line. The number of pieces, tunnels and cavities
    therefore stays. ``spacing`` (3,), nearly equal along z, y and x, is the size of a voxel.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    weights = np.linalg.norm(PRECEDING * spacing, axis=1).astype(np.float32)
    inside = np.flatnonzero(padded)
    depth = _depth(padded, PRECEDING, weights).ravel()
    order = inside[
        np.lexsort((_subfield(inside, padded.shape), depth[inside] // (LAYER * spacing.min())))
    ]
    offsets = OFFSETS @ np.array(padded.strides)
    rise = RIDGE * np.linalg.norm(OFFSETS * spacing, axis=1).astype(np.float32)
    _peel(padded.ravel(), depth, order, offsets, rise)
    return np.argwhere(padded) - 1


def _subfield(voxels: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Which of the eight interleaved grids each flat index lies on.

    Within a layer the grids are thinned in turn, or a ridge two voxels wide would be eaten up from
    its end, since none of its voxels is ever the end of a line.
    """
    z, y, x = np.unravel_index(voxels, shape)
    return z % 2 * 4 + y % 2 * 2 + x % 2


@njit(cache=True)
def _depth(mask, preceding, weights):
    """Distance from the background over steps between neighbours, float32 like ``mask``."""
    nz, ny, nx = mask.shape
    depth = np.zeros(mask.shape, dtype=np.float32)
    for turn in (1, -1):
        for a in range(1, nz - 1):
            z = a if turn == 1 else nz - 1 - a
            for b in range(1, ny - 1):
                y = b if turn == 1 else ny - 1 - b
                for c in range(1, nx - 1):
                    x = c if turn == 1 else nx - 1 - c
                    if mask[z, y, x] == 0:
                        continue
                    least = np.float32(np.inf) if turn == 1 else depth[z, y, x]
                    for k in range(len(weights)):
                        dz, dy, dx = preceding[k]
                        reached = depth[z + turn * dz, y + turn * dy, x + turn * dx] + weights[k]
                        least = min(least, reached)
                    depth[z, y, x] = least
    return depth


@njit(cache=True)
def _peel(mask, depth, order, offsets, rise):
    """Delete voxels of the flat ``mask`` in ``order`` until no more can go.

    The end of a line stays if it lies on a ridge: no neighbour is deeper by more than ``rise``.
    """
    left = len(order)
    removed = True
    while removed:
        removed, kept = False, 0
        for i in range(left):
            voxel = order[i]
            bits = np.int64(0)
            count = 0
            for k in range(27):
                if k != CENTRE and mask[voxel + offsets[k]] != 0:
                    bits |= np.int64(1) << k
                    count += 1
            ridge = True
            if count == 1:
                for k in range(27):
                    ridge &= depth[voxel + offsets[k]] <= depth[voxel] + rise[k]
            if (count > 1 and _simple(bits)) or not ridge:
                mask[voxel] = 0
                removed = True
            else:
                order[kept] = voxel
                kept += 1
        left = kept


@njit(cache=True)
def _simple(bits):
    """Whether a voxel with these neighbours may go without a change of topology."""
    empty = ~bits & NEAR
    if empty & FACES == 0:
        return False
    if _spread(bits & -bits, bits, TOUCHING) != bits:
        return False
    first = empty & FACES
    reached = _spread(first & -first, empty, FACING)
    return empty & FACES & ~reached == 0


@njit(cache=True)
def _spread(seed, members, adjacency):
    """The ``members`` that are connected with ``seed``, all as bits."""
    reached, fresh = seed, seed
    while fresh != 0:
        grown = np.int64(0)
        for k in range(27):
            if fresh >> k & 1:
                grown |= adjacency[k]
        fresh = grown & members & ~reached
        reached |= fresh
    return reached
