"""Writes a volume and its coarser levels shard by shard, into several formats at once."""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import tensorstore as ts
from numba import njit

from morphoflow.organelles.masks.pyramid import CHUNK, shard_shape
from morphoflow.organelles.masks.volume import MaskVolume
from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.pieces import pieces

# Voxels that are computed at once, at most, where the labels' chunks are larger than a shard.
BLOCK_VOXELS = 1 << 28

# Voxels of a coarser level that are computed at once, each from up to eight.
COARSER_VOXELS = 1 << 21


def create_store(folder: Path, driver: str, **options) -> ts.TensorStore:
    """A new array in ``folder`` by a tensorstore driver and its ``options``.

    Nothing is cached, and there are as many threads as the job was given.
    """
    threads = {"limit": int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))}
    limits = {"data_copy_concurrency": threads, "file_io_concurrency": threads}
    context = ts.Context({"cache_pool": {"total_bytes_limit": 0}, **limits})
    kvstore = {"driver": "file", "path": f"{folder.absolute()}/"}
    spec = {"driver": driver, "kvstore": kvstore, **options}
    return ts.open(spec, context=context, create=True).result()


def write_pyramids(mask: MaskVolume, pyramids: Sequence[Sequence[ts.TensorStore]]) -> None:
    """Write ``mask`` and its coarser levels to all ``pyramids``, whose axes are z, y, x.

    The pyramids have the same levels, the finest first. A coarser voxel has the number that most
    of its voxels have, so that no number appears that no object has. Each shard is written once.
    """
    levels = list(zip(*pyramids, strict=True))
    for box in blocks(Box((0, 0, 0), mask.shape), _block(mask)):
        numbers = mask.read(box)
        for shard in _shards(box, mask.shape):
            _write(levels[0], shard, numbers[shard.within(box)])
    for finer, level in pairwise(levels):
        shape = tuple(level[0].shape)
        for shard in _shards(Box((0, 0, 0), shape), shape):
            _write(level, shard, _coarser(finer[0], shape, shard))


def _coarser(finer: ts.TensorStore, shape: Triple, shard: Box) -> np.ndarray:
    """The ``shard`` of a level of ``shape``, out of the ``finer`` one, of which pieces are read."""
    out = np.empty(shard.shape, finer.dtype.numpy_dtype)
    factors = tuple(-(-n // m) for n, m in zip(finer.shape, shape, strict=True))
    for piece in pieces(shard, (CHUNK,) * 3, COARSER_VOXELS):
        start = [n * f for n, f in zip(piece.start, factors, strict=True)]
        ends = zip(piece.stop, factors, finer.shape, strict=True)
        stop = [min(n * f, length) for n, f, length in ends]
        numbers = finer[Box(tuple(start), tuple(stop)).slices].read(order="C").result()
        out[piece.within(shard)] = majority(numbers, factors)
    return out


def _shards(box: Box, shape: Triple) -> Iterator[Box]:
    return blocks(box, shard_shape(shape))


def _block(mask: MaskVolume) -> Triple:
    """Whole shards that cover a chunk of the labels, if ``BLOCK_VOXELS`` do."""
    block, shape = np.array(shard_shape(mask.shape)), np.array(mask.shape)
    for axis in (2, 1, 0):
        while block[axis] < mask.chunks[axis]:
            wider = block * np.where(np.arange(3) == axis, 2, 1)
            if np.minimum(wider, shape).prod() > BLOCK_VOXELS:
                break
            block = wider
    return tuple(int(n) for n in block)


def _write(stores: Sequence[ts.TensorStore], box: Box, numbers: np.ndarray) -> None:
    for store in stores:
        store[box.slices].write(numbers).result()


# Coarser label volumes, in which a voxel has the number that most of its voxels have.


def majority(numbers: np.ndarray, factors: Triple) -> np.ndarray:
    """``numbers`` (z, y, x) with cells of ``factors`` voxels made one; the last may be cut short.

    Each of the ``factors`` is 1 or 2.
    Of equally frequent numbers the largest is taken, so that background gives way to objects.
    """
    if not set(factors) <= {1, 2}:
        raise ValueError(f"factors are {factors}, not 1 or 2 each")
    shape = [-(-n // f) for n, f in zip(numbers.shape, factors, strict=True)]
    out = np.empty(shape, numbers.dtype)
    _majority(numbers, factors, np.empty(np.prod(factors), numbers.dtype), out)
    return out


@njit(cache=True, nogil=True)
def _majority(numbers, factors, cell, out) -> None:
    depth, height, width = factors
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            planes = numbers[z * depth : (z + 1) * depth, y * height : (y + 1) * height]
            # Few cells are mixed; which, is found out by vector instructions.
            is_mixed = np.zeros(numbers.shape[2], np.uint8)
            for i in range(planes.shape[0]):
                for j in range(planes.shape[1]):
                    _mark_changes(planes[i, j], planes[0, 0], width, is_mixed)
            for x in range(out.shape[2]):
                first, stop = x * width, min((x + 1) * width, numbers.shape[2])
                out[z, y, x] = planes[0, 0, first]
                if is_mixed[first] or is_mixed[stop - 1]:
                    n = _gather(planes[:, :, first:stop], cell)
                    out[z, y, x] = _most_frequent(cell[:n])


@njit(cache=True, nogil=True)
def _mark_changes(line, reference, width, is_mixed) -> None:
    """Mark voxels that are not as those of the ``reference``, or not as the voxel before them."""
    for x in range(len(line)):
        is_mixed[x] |= line[x] != reference[x]
    if width > 1:
        for x in range(1, len(line)):
            is_mixed[x] |= line[x] != line[x - 1]


@njit(cache=True, nogil=True)
def _gather(block, cell) -> int:
    n = 0
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            for k in range(block.shape[2]):
                cell[n] = block[i, j, k]
                n += 1
    return n


@njit(cache=True, nogil=True)
def _most_frequent(cell):
    best, most = cell[0], 0
    for candidate in cell:
        count = 0
        for other in cell:
            count += candidate == other
        if count > most or (count == most and candidate > best):
            best, most = candidate, count
    return best
