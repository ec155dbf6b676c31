"""Which blocks a volume is counted by, and which of them a job takes."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.boxes import Box, Triple, blocks

# Voxels of a block at most, for chunks that are large themselves.
LARGEST_BLOCK = 1 << 23

# Voxels up to which chunks are joined: 2 MB of 64-bit labels are decoded and counted in the cache,
# and a block costs little beside them.
JOINED_VOXELS = 1 << 18

# Objects whose boxes begin in the same stretch of this many voxels along an axis are neighbours.
STRETCH = 256

STARTS = ["box_z_start", "box_y_start", "box_x_start"]

STOPS = ["box_z_stop", "box_y_stop", "box_x_stop"]


def block_shape(shape: Triple, chunks: Triple, block: list[int] | None) -> Triple:
    """The ``block`` that was asked for, or a chunk, or chunks of up to 2^18 voxels in all.

    A chunk of more than 2^23 voxels is cut, along z first. Raises InputError for a block that is
    not three positive numbers, or so long that sums over it would not be exact.
    """
    if block is None:
        return _whole_chunks(shape, chunks)
    if len(block) != 3 or any(not isinstance(n, int) or n < 1 for n in block):
        raise InputError(f"block is {block}; give three positive numbers of voxels: z, y, x.")
    chosen = tuple(min(n, size) for n, size in zip(block, shape, strict=True))
    if float(np.prod(chosen, dtype=float)) * max(max(chosen), 1 << 16) ** 2 >= 2.0**62:
        raise InputError(f"block is {block}, too many voxels to count at once; make it smaller.")
    return chosen


def _whole_chunks(shape: Triple, chunks: Triple) -> Triple:
    chosen = [min(n, size) for n, size in zip(chunks, shape, strict=True)]
    while np.prod(chosen, dtype=float) > LARGEST_BLOCK:
        axis = next(a for a in range(3) if chosen[a] > 1)
        chosen[axis] = -(-chosen[axis] // 2)
    while axes := [axis for axis in (2, 1, 0) if _fits(_doubled(chosen, axis, shape), chosen)]:
        shortest = min(axes, key=lambda axis: chosen[axis])
        chosen = _doubled(chosen, shortest, shape)
    return tuple(chosen)


def _doubled(block: list[int], axis: int, shape: Triple) -> list[int]:
    return [min(2 * n, shape[a]) if a == axis else n for a, n in enumerate(block)]


def _fits(larger: list[int], block: list[int]) -> bool:
    return larger != block and np.prod(larger, dtype=float) <= JOINED_VOXELS


def blocks_of_part(shape: Triple, block: Triple, part: int, parts: int) -> list[Box]:
    """The blocks that job ``part`` of ``parts`` counts: neighbours in the order z, y, x."""
    if not 0 <= part < parts:
        raise InputError(f"there is no part {part} of {parts}; parts count from 0.")
    every = list(blocks(Box((0, 0, 0), shape), block))
    return every[len(every) * part // parts : len(every) * (part + 1) // parts]


# How a volume's objects are shared among jobs, and in which order they are read.


def objects_of_part(objects: pd.DataFrame, part: int, parts: int) -> pd.DataFrame:
    """The objects that job ``part`` of ``parts`` handles, in the order in which they lie on disk.

    Every object is in one part, and the parts' boxes hold about equally many voxels.
    """
    starts = objects[STARTS].to_numpy()
    order = np.lexsort((*starts.T[::-1], *(starts // STRETCH).T[::-1]))
    voxels = np.prod(objects[STOPS].to_numpy() - starts, axis=1)[order].astype(np.float64)
    middle = np.cumsum(voxels) - voxels / 2
    return objects.iloc[order[(middle * parts // voxels.sum()).astype(int) == part]]


def box_of(row) -> Box:
    """The bounding box of an object, a row of the table (as ``itertuples`` gives it)."""
    start = (row.box_z_start, row.box_y_start, row.box_x_start)
    return Box(start, (row.box_z_stop, row.box_y_stop, row.box_x_stop))
