"""How far the next object lies from each, and what of a second label volume is at it."""

import numpy as np
from scipy.spatial import cKDTree

from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.pieces import pieces

# The next object is looked for up to so far from the surface.
FARTHEST_UM = 0.24

CONTEXT = ["context_gap_um", "context_contact_um2", "context_overlap"]


def surrounding_measures(mask: ObjectMask, spacing: np.ndarray) -> dict[str, float]:
    """``gap_um`` from an object's surface voxels to the nearest ones of another object.

    Between the voxels' middles, so that objects that touch are a voxel apart, and at most
    FARTHEST_UM, which stands for all that is farther. Where the source has a ``context`` volume,
    ``context_gap_um`` is that to its labels (0 where the object lies in one),
    ``context_contact_um2`` the area of faces between the object and them, and ``context_overlap``
    the share of the object that lies in one. ``spacing`` (3,) is the size of a voxel in um.
    """
    source, reach = mask.source, np.ceil(FARTHEST_UM / spacing).astype(int)
    gaps, contact, overlap, voxels = [FARTHEST_UM] * 2, 0.0, 0, 0
    for piece in pieces(mask.box, source.labels.chunks):
        around = _around(piece, reach, source.shape)
        labels, core = source.read_labels(around), piece.within(around)
        own = np.zeros(around.shape, bool)
        own[core] = labels[core] == labels.dtype.type(mask.label_id)
        others = (labels != 0) & (labels != labels.dtype.type(mask.label_id))
        gaps[0] = min(gaps[0], gap(own, others, spacing))
        if source.context is not None:
            context = source.context.read(around) != 0
            gaps[1] = min(gaps[1], gap(own, context, spacing))
            contact += touching_area(own, context & (labels != mask.label_id), spacing)
            overlap += np.count_nonzero(own & context)
            voxels += np.count_nonzero(own)
    measures = {"gap_um": gaps[0]}
    if source.context is not None:
        measures |= dict(zip(CONTEXT, (gaps[1], contact, overlap / voxels), strict=True))
    return measures


def _around(piece: Box, reach: np.ndarray, shape: tuple[int, int, int]) -> Box:
    start = np.maximum(np.array(piece.start) - reach, 0)
    stop = np.minimum(np.array(piece.stop) + reach, shape)
    return Box(tuple(start.tolist()), tuple(stop.tolist()))


def gap(own: np.ndarray, others: np.ndarray, spacing: np.ndarray) -> float:
    """The least distance between voxels of two masks (z, y, x), at most FARTHEST_UM."""
    if (own & others).any():
        return 0.0
    points, there = (np.argwhere(_surface(part)) * spacing for part in (own, others))
    if not len(points) or not len(there):
        return FARTHEST_UM
    smaller, larger = sorted((points, there), key=len)
    found = cKDTree(larger).query(smaller, distance_upper_bound=FARTHEST_UM)[0].min()
    return float(min(found, FARTHEST_UM))


def _surface(mask: np.ndarray) -> np.ndarray:
    """The voxels of a mask with a neighbour across a face that is not of it."""
    inner = mask.copy()
    for axis in range(3):
        for here, beside in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            index, other = [slice(None)] * 3, [slice(None)] * 3
            index[axis], other[axis] = here, beside
            inner[tuple(index)] &= mask[tuple(other)]
    return mask & ~inner


def touching_area(own: np.ndarray, other: np.ndarray, spacing: np.ndarray) -> float:
    """The area of the faces between two masks (z, y, x) that share no voxel, in um2."""
    area = 0.0
    for axis in range(3):
        first, second = [slice(None)] * 3, [slice(None)] * 3
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        one, two = tuple(first), tuple(second)
        faces = np.count_nonzero(own[one] & other[two]) + np.count_nonzero(other[one] & own[two])
        area += faces * np.prod(spacing) / spacing[axis]
    return float(area)
