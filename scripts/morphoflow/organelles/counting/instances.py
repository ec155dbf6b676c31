"""Objects as connected parts of a label volume, found block by block and exact across blocks."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import zarr
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from morphoflow.errors import InputError
from morphoflow.organelles.counting.order import block_shape
from morphoflow.organelles.volumes.boxes import Box, blocks
from morphoflow.organelles.volumes.units import Offset, Size
from morphoflow.organelles.volumes.volume import Volume


class Parts(NamedTuple):
    """Connected parts: number in the volume, voxels and flat index of the first voxel, (n,)."""

    value: np.ndarray
    voxels: np.ndarray
    first: np.ndarray


def write_instances(folder: Path, labels: Volume, placed: tuple[Size, Offset], by: str) -> str:
    """Write ``labels`` as a zarr array in which every object is connected; says what was found.

    Voxels of one number that share a face, an edge or a corner are connected. ``by`` is
    "connected" to number the parts from 1 on, in the order of their first voxels; "split" to leave
    the largest part of each number as it is and give others numbers beyond; "largest" to set all
    but the largest to 0. ``placed`` are the voxel size and the offset of the labels.
    """
    shape, block = labels.shape, block_shape(labels.shape, labels.chunks, None)
    array = zarr.create_array(folder, shape=shape, chunks=block, dtype=np.uint64)
    array.attrs.update(_attributes(*placed))
    boxes = list(blocks(Box((0, 0, 0), shape), block))
    parts, joined = [], []
    count = 0
    for box in boxes:
        found, pairs = _label_block(labels, array, box, count)
        count += len(found.value)
        parts.append(found)
        joined.append(pairs)
    whole, part = _united(Parts(*map(np.concatenate, zip(*parts, strict=True))), joined)
    numbers = np.concatenate([[0], _numbers(whole, by)[part]]).astype(np.uint64)
    for box in boxes:
        array[box.slices] = numbers[array[box.slices]]
    values = len(np.unique(whole.value))
    return f"{len(whole.value)} connected parts of {values} numbers"


def _attributes(size: Size, offset: Offset) -> dict:
    if not offset.centred:
        return {"voxel_size_nm": list(size), "offset": list(offset.nm)}
    transform = {"axes": list("zyx"), "units": ["nm"] * 3}
    return {"transform": {**transform, "scale": list(size), "translate": list(offset.nm)}}


def _label_block(labels: Volume, array: zarr.Array, box: Box, count: int):
    """Write the parts of a block, numbered from ``count`` + 1 on, and what joins them to others.

    Any two voxels that touch lie in one block with the layers just below it, whose parts are known.
    """
    around = Box(tuple(max(0, a - 1) for a in box.start), box.stop)
    values = labels.read(around)
    found = label(values.astype(np.int64), background=0, connectivity=3)
    own = found[box.within(around)]
    array[box.slices] = np.where(own > 0, own.astype(np.uint64) + np.uint64(count), np.uint64(0))
    n = int(found.max(initial=0))
    place, at = np.unique(found, return_index=True)
    value = values.ravel()[at[place > 0]].astype(np.uint64)
    voxels = np.bincount(own.ravel(), minlength=n + 1)[1:]
    known = [
        np.stack([found[layer].ravel(), array[_slices(around, layer)].ravel().astype(np.int64)])
        for axis in range(3)
        if around.start[axis] < box.start[axis]
        for layer in [tuple(slice(0, 1) if a == axis else slice(None) for a in range(3))]
    ]
    pairs = np.concatenate([np.empty((2, 0), np.int64), *known], axis=1)
    pairs = np.unique(pairs[:, pairs.all(axis=0)], axis=1)
    pairs[0] += count
    return Parts(value, voxels, _first(own, box, array.shape, n)), pairs - 1


def _slices(around: Box, layer: tuple[slice, ...]) -> tuple[slice, ...]:
    """A layer of a box as an index into the whole volume."""
    return tuple(
        slice(a, a + 1) if part.stop == 1 else slice(a, b)
        for a, b, part in zip(around.start, around.stop, layer, strict=True)
    )


def _first(own: np.ndarray, box: Box, shape: tuple[int, ...], n: int) -> np.ndarray:
    """The flat index in the volume of the first voxel of each part; the largest of none."""
    first = np.full(n + 1, np.iinfo(np.int64).max)
    place, at = np.unique(own, return_index=True)
    index = np.stack(np.unravel_index(at, own.shape)) + np.array(box.start)[:, None]
    first[place] = np.ravel_multi_index(tuple(index), shape)
    return first[1:]


def _united(parts: Parts, joined: list[np.ndarray]) -> tuple[Parts, np.ndarray]:
    """The parts of the whole volume, and the number among them of each part of a block."""
    n = len(parts.value)
    first, second = np.concatenate(joined, axis=1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(n, n))
    count, part = connected_components(graph, directed=False)
    voxels = np.zeros(count, np.int64)
    np.add.at(voxels, part, parts.voxels)
    begins = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(begins, part, parts.first)
    value = np.zeros(count, np.uint64)
    value[part] = parts.value
    return Parts(value, voxels, begins), part


def _numbers(parts: Parts, by: str) -> np.ndarray:
    """The number (n,) uint64 that each part is given."""
    numbers = np.zeros(len(parts.value), np.uint64)
    if by == "connected":
        numbers[np.argsort(parts.first)] = np.arange(1, len(numbers) + 1, dtype=np.uint64)
        return numbers
    order = np.lexsort((parts.first, -parts.voxels, parts.value))
    is_largest = np.ones(len(order), bool)
    is_largest[1:] = parts.value[order[1:]] != parts.value[order[:-1]]
    largest, others = order[is_largest], order[~is_largest]
    numbers[largest] = parts.value[largest]
    if by == "split" and len(others):
        most = int(parts.value.max())
        if most + len(others) >= 1 << 64:
            raise InputError(f"there are no numbers beyond {most} for {len(others)} split parts.")
        others = others[np.argsort(parts.first[others])]
        numbers[others] = most + np.arange(1, len(others) + 1, dtype=np.uint64)
    return numbers
