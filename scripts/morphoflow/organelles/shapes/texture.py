"""What the EM shows in an object, at its membrane and around it.

All measures are sums over voxels and pairs of voxels, so that an object read in pieces has those of
the whole, and directions are those of the object, so that none changes as it turns. Haralick's
measures (as of mahotas, in 3-D) have neither property, nor lengths in nm; the contrast among them
is the variogram here. Of the hard phantom's textures they tell .62 apart, these .92, both .93.
"""

import numpy as np
from numba import njit

from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.shapes.pose import table_axes
from morphoflow.organelles.volumes.boxes import Box

# Voxels so deep under the surface are the membrane, those deeper the inside; as "around" count
# those without an object up to so far from the surface.
MEMBRANE_NM, AROUND_NM = 24.0, 48.0

# How far voxels lie apart that are compared: a membrane, and once and twice a crista.
LAGS_NM = (15, 30, 60)

WAYS = ("along", "across")

NM_PER_UM = 1000.0

NAMES = [
    *(f"intensity_{place}" for place in ("inside", "membrane", "around")),
    "intensity_sd_inside",
    *(f"texture_{way}_{lag}nm" for lag in LAGS_NM for way in WAYS),
]


def texture_measures(mask: ObjectMask, row, spacing: np.ndarray) -> dict[str, float]:
    """The measures NAMES of an object, NaN where no voxels are to be compared.

    ``intensity_*`` are means of the EM, and the standard deviation inside. ``texture_along_*`` is
    half the mean squared difference of voxels inside that lie so far apart along the object's
    longest axis, over the variance inside: the variogram (Matheron, Economic Geology 58, 1963), 0
    where they are alike and 1 where they have nothing to do with each other; ``across`` is the mean
    over the other two axes. ``row`` of the object table has the axes, ``spacing`` (3,) is the size
    of a voxel in um.
    """
    size = spacing * NM_PER_UM
    offsets = lag_offsets(table_axes(row), size)
    reach = np.ceil(AROUND_NM / size).astype(int)
    # A voxel's partner in a pair is inside if no surface is near that one.
    halo = np.abs(offsets).max(axis=(0, 1)) + np.ceil(MEMBRANE_NM / size).astype(int)
    halo = np.maximum(reach, halo)
    sums, pairs = np.zeros((3, 3)), np.zeros((len(LAGS_NM), 3, 2))
    for piece, inside in mask.pieces(tuple(halo.tolist()), tuple(reach.tolist())):
        em, there, free = _surroundings(mask, piece, halo)
        # Where the border of the volume cuts an object is no membrane.
        depth = distance_to(there & ~inside, size, MEMBRANE_NM)
        away = distance_to(inside, size, AROUND_NM)
        core = tuple(slice(h, n - h) for h, n in zip(halo, inside.shape, strict=True))
        deep = depth > MEMBRANE_NM
        places = (inside & deep, inside & ~deep, free & (away <= AROUND_NM))
        for k, place in enumerate(places):
            values = em[core][place[core]].astype(np.float64)
            sums[k] += len(values), values.sum(), np.square(values).sum()
        _add_pairs(em, places[0], halo, offsets, pairs)
    return dict(zip(NAMES, _of_sums(sums, pairs), strict=True))


def lag_offsets(axes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Voxels (lags, 3, 3) from one to the other of a pair, by lag and axis; 0 where none fits.

    ``axes`` (3, 3) are columns; ``size`` (3,) is that of a voxel in nm.
    """
    lags = np.array(LAGS_NM)[:, None, None]
    return np.rint(lags * axes.T / size).astype(np.int64)


def _of_sums(sums: np.ndarray, pairs: np.ndarray) -> list[float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums[:, 1] / sums[:, 0]
        variance = max(sums[0, 2] / sums[0, 0] - mean[0] ** 2, 0.0)
        variogram = pairs[..., 1] / pairs[..., 0] / (2 * variance)
    known = np.isfinite(variogram)
    across = np.where(known, variogram, 0)[:, 1:].sum(1) / np.maximum(known[:, 1:].sum(1), 1)
    across[~known[:, 1:].any(1)] = np.nan
    along = np.where(known[:, 0], variogram[:, 0], np.nan)
    return [*mean, np.sqrt(variance), *np.stack([along, across], 1).ravel()]


def _surroundings(mask: ObjectMask, piece: Box, halo: np.ndarray) -> tuple[np.ndarray, ...]:
    """EM about a piece, which voxels are of the volume, and which of these have no object."""
    start, stop = np.array(piece.start) - halo, np.array(piece.stop) + halo
    inner = Box(
        tuple(np.maximum(start, 0).tolist()), tuple(np.minimum(stop, mask.source.shape).tolist())
    )
    place = tuple(
        slice(a - o, b - o) for a, b, o in zip(inner.start, inner.stop, start, strict=True)
    )
    em = np.zeros(stop - start, mask.source.em.dtype)
    there, free = np.zeros(stop - start, bool), np.zeros(stop - start, bool)
    em[place], there[place] = mask.source.read_em(inner), True
    free[place] = mask.source.read_labels(inner) == 0
    return em, there, free


@njit(cache=True, nogil=True)
def _add_pairs(em, inside, halo, offsets, pairs) -> None:
    """Add pairs of voxels inside, the first not in the halo, and their squared differences."""
    depth, height, width = inside.shape
    for z in range(halo[0], depth - halo[0]):
        for y in range(halo[1], height - halo[1]):
            for x in range(halo[2], width - halo[2]):
                if inside[z, y, x]:
                    for lag in range(offsets.shape[0]):
                        for axis in range(3):
                            dz, dy, dx = offsets[lag, axis]
                            if dz == 0 and dy == 0 and dx == 0:
                                continue
                            if inside[z + dz, y + dy, x + dx]:
                                step = float(em[z + dz, y + dy, x + dx]) - float(em[z, y, x])
                                pairs[lag, axis, 0] += 1
                                pairs[lag, axis, 1] += step * step


def distance_to(target: np.ndarray, size: np.ndarray, reach: float) -> np.ndarray:
    """Distances (z, y, x) float32 in nm from each voxel's middle to that of the nearest ``target``.

    Exact up to ``reach``, and larger than that beyond. ``size`` (3,) is that of a voxel in nm.
    """
    far = np.float32(4 * reach**2 + 1)
    square = np.where(target, np.float32(0), far)
    for axis in range(3):
        lines = np.ascontiguousarray(np.moveaxis(square, axis, -1))
        nearest = _nearest_in_lines(lines.reshape(-1, lines.shape[-1]), float(size[axis]), reach)
        square = np.moveaxis(nearest.reshape(lines.shape), -1, axis)
    return np.sqrt(square)


@njit(cache=True, nogil=True)
def _nearest_in_lines(lines, step, reach) -> np.ndarray:
    """The least, over the voxels of a line within ``reach``, of theirs and the squared distance."""
    out = lines.copy()
    window = int(reach / step)
    for i in range(len(lines)):
        for x in range(lines.shape[1]):
            best = lines[i, x]
            for d in range(1, window + 1):
                square = np.float32(d * step * d * step)
                if square >= best:
                    break
                if x >= d:
                    best = min(best, lines[i, x - d] + square)
                if x + d < lines.shape[1]:
                    best = min(best, lines[i, x + d] + square)
            out[i, x] = best
    return out
