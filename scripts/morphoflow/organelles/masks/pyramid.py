"""The coarser levels of a volume for viewers, and the shards in which all levels are stored."""

import numpy as np

from morphoflow.organelles.volumes.boxes import Triple
from morphoflow.organelles.volumes.units import Size

CHUNK = 64
# Chunks of a shard, as a power of two: 64 chunks are some 16 million voxels in one file.
SHARD_BITS = 6
# The coarsest level is at most this long, so that a viewer shows all of it with a few chunks.
COARSEST = 256


def level_factors(shape: Triple, voxel_size_nm: Size) -> list[Triple]:
    """How many voxels (z, y, x) of the volume a voxel of each level spans, from (1, 1, 1) on.

    Each level halves the axes along which voxels are less than twice as long as the shortest, so
    that anisotropic voxels become isotropic ones; an axis of one voxel stays as it is.
    """
    factors = [np.ones(3, np.int64)]
    while max(level_shape(shape, factors[-1])) > COARSEST:
        length = np.array(voxel_size_nm) * factors[-1]
        divisible = np.array(level_shape(shape, factors[-1])) > 1
        halved = divisible & (length < 2 * length[divisible].min())
        factors.append(factors[-1] * np.where(halved, 2, 1))
    return [tuple(int(n) for n in factor) for factor in factors]


def level_shape(shape: Triple, factor: Triple) -> Triple:
    """Voxels of a level; the last of an axis may stand for fewer voxels than the others."""
    return tuple(-(-int(n) // int(f)) for n, f in zip(shape, factor, strict=True))


def shard_shape(shape: Triple) -> Triple:
    """Voxels (z, y, x) of a shard of a volume.

    Chunks are shared among shards by the leading bits of their compressed Morton code, as the
    precomputed format does it: the bits of x, y and z in turn, as many as each axis has.
    """
    bits = [(-(-n // CHUNK) - 1).bit_length() for n in shape]
    taken, bit = [0, 0, 0], 0
    while sum(taken) < min(SHARD_BITS, sum(bits)):
        for axis in (2, 1, 0):
            if bits[axis] > bit and sum(taken) < SHARD_BITS:
                taken[axis] += 1
        bit += 1
    return tuple(CHUNK << n for n in taken)
