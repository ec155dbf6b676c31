"""The published features of an object, computed slice by slice as EManalysis does (commit 2787f06).

They are in voxels, and kept for comparison: none of them is a three-dimensional measure.
"""

import numpy as np
from numba import njit

from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.volumes.boxes import Box

# scikit-image's perimeter: the length for which a border pixel stands, by what it is next to:
# twice the number of border pixels beside it plus ten times those at its corners, plus one.
PERIMETER = np.zeros(50)
PERIMETER[[5, 7, 15, 17, 25, 27]] = 1
PERIMETER[[21, 33]] = np.sqrt(2)
PERIMETER[[13, 23]] = (1 + np.sqrt(2)) / 2
HALO = (0, 2, 2)


def legacy_measures(mask: ObjectMask) -> dict[str, float]:
    """The published size, circularity, surface-to-volume, skeleton length and centroid.

    Size is the number of voxels; circularity the mean over slices of 4 pi A / P^2, 0 where P is 0;
    surface-to-volume the sum of the slices' perimeters over that of their areas; skeleton length
    that of the line through the slices' centroids, whose y and x are cut to whole voxels; the
    centroid's y and x the plain means of those, its z the mean slice divided, once more, by the
    number of slices. Slices in which the object is absent do not count. The published values are
    stored as 16-bit integers where distances are computed; these are not.
    """
    slices = _slices(mask)
    present = np.flatnonzero(slices[:, 0])
    area, perimeter, sum_y, sum_x = slices[present].T
    with np.errstate(divide="ignore"):
        circularity = np.where(perimeter > 0, 4 * np.pi * area / perimeter**2, 0.0)
    z = present + mask.box.start[0]
    y = np.floor(sum_y / area) + mask.box.start[1]
    x = np.floor(sum_x / area) + mask.box.start[2]
    line = np.diff(np.stack([z, y, x], axis=1), axis=0)
    return {
        "legacy_size": area.sum(),
        "legacy_circularity": circularity.mean(),
        "legacy_surface_to_volume": perimeter.sum() / area.sum(),
        "legacy_slen": np.linalg.norm(line, axis=1).sum(),
        "legacy_z": np.floor((z * area).sum() / area.sum() / len(z)),
        "legacy_y": y.mean(),
        "legacy_x": x.mean(),
    }


def _slices(mask: ObjectMask) -> np.ndarray:
    """Area, perimeter, sum of y and sum of x of each slice of the box, (slices, 4) float64."""
    total = np.zeros((mask.box.shape[0], 4))
    for piece, values in mask.pieces(HALO):
        rows = Box((max(piece.start[0], mask.box.start[0]), *piece.start[1:]), piece.stop)
        rows = Box(rows.start, (min(piece.stop[0], mask.box.stop[0]), *piece.stop[1:]))
        offset = np.subtract(rows.start, mask.box.start)
        inner = values[rows.start[0] - piece.start[0] : rows.stop[0] - piece.start[0]]
        _add_slices(inner, offset, PERIMETER, total)
    return total


@njit(cache=True)
def _border(mask, z, y, x):
    """Whether a pixel is inside, and one of the four beside it is not."""
    inner = mask[z, y - 1, x] and mask[z, y + 1, x] and mask[z, y, x - 1] and mask[z, y, x + 1]
    return mask[z, y, x] and not inner


@njit(cache=True)
def _add_slices(mask, offset, lengths, total):
    """Add what the pixels of ``mask`` but for two on each side in y and x contribute."""
    nz, ny, nx = mask.shape
    for z in range(nz):
        row = total[z + offset[0]]
        for y in range(2, ny - 2):
            for x in range(2, nx - 2):
                if not mask[z, y, x]:
                    continue
                row[0] += 1
                row[2] += y - 2 + offset[1]
                row[3] += x - 2 + offset[2]
                if not _border(mask, z, y, x):
                    continue
                beside = 1
                for dy in (-1, 0, 1):
                    for dx in (-1, 0, 1):
                        steps = abs(dy) + abs(dx)
                        if steps > 0 and _border(mask, z, y + dy, x + dx):
                            beside += 2 if steps == 1 else 10
                row[1] += lengths[beside]
