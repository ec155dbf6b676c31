"""Looking up runs gives what a loop over the labels gives; shards are those of the format."""

import numpy as np
import pytest

from morphoflow.organelles.counting.lookup import relabel, relabelling
from morphoflow.organelles.masks.precomputed import create_precomputed
from morphoflow.organelles.masks.pyramid import (
    CHUNK,
    COARSEST,
    level_factors,
    level_shape,
    shard_shape,
)
from morphoflow.organelles.masks.pyramid_write import majority
from morphoflow.organelles.masks.volume import MaskVolume
from morphoflow.organelles.volumes.boxes import Box, blocks
from morphoflow.organelles.volumes.units import NO_OFFSET

SHAPE = (3, 20, 41)


def case(dtype, seed=0):
    """Labels in short runs, of which two ids have no number."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    ids = np.unique(rng.integers(1, top, 60, dtype=dtype, endpoint=True))
    ids = np.union1d(ids, np.array([top], dtype))
    runs = rng.choice(np.append(ids, dtype(0)), np.prod(SHAPE) // 3)
    labels = np.repeat(runs, 3)[: np.prod(SHAPE)]
    labels = np.pad(labels, (0, np.prod(SHAPE) - len(labels))).reshape(SHAPE)
    kept = rng.permutation(ids[2:])
    return labels, kept, rng.integers(1, 9, len(kept)).astype(np.uint16)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_numbers_are_those_of_a_loop_over_the_labels(dtype):
    labels, ids, numbers = case(dtype)
    looped = np.zeros(SHAPE, np.uint16)
    for identifier, number in zip(ids, numbers, strict=True):
        looped[labels == identifier] = number
    found = relabel(labels, relabelling(ids, numbers))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, looped)
    assert ((labels != 0) & (found == 0)).any() and (dtype != np.uint64 or labels.max() > 2**63)


def test_blocks_of_any_size_give_the_same_numbers():
    labels, ids, numbers = case(np.uint64)
    table = relabelling(ids, numbers)
    whole = relabel(labels, table)
    for block in [(1, 1, 1), (2, 7, 5), (3, 20, 8)]:
        for box in blocks(Box((0, 0, 0), SHAPE), block):
            np.testing.assert_array_equal(relabel(labels[box.slices], table), whole[box.slices])


def test_one_number_for_two_ids_is_fine_but_two_for_one_id_are_not():
    labels = np.array([[[1, 2, 3]]], np.uint32)
    table = relabelling(np.array([1, 2]), np.array([5, 5], np.uint8))
    assert relabel(labels, table).tolist() == [[[5, 5, 0]]]
    with pytest.raises(ValueError, match="distinct"):
        relabelling(np.array([1, 1]), np.array([5, 6], np.uint8))


@pytest.mark.parametrize("factors", [(1, 2, 2), (2, 2, 2), (2, 1, 2), (1, 1, 1)])
def test_a_coarser_voxel_has_the_most_frequent_number_of_its_cell(factors):
    numbers = np.random.default_rng(1).integers(0, 3, (3, 5, 99)).astype(np.uint8)
    numbers[..., 20:70] = 1
    coarse = majority(numbers, factors)
    for place in np.ndindex(coarse.shape):
        cell = numbers[
            tuple(slice(n * f, (n + 1) * f) for n, f in zip(place, factors, strict=True))
        ]
        counts = np.bincount(cell.ravel(), minlength=3)
        assert coarse[place] == np.flatnonzero(counts == counts.max())[-1]


class Empty:
    """The extent of a volume, of which nothing is read."""

    dtype, voxel_size_nm, offset = np.dtype(np.uint8), (30.0, 8.0, 8.0), NO_OFFSET

    def __init__(self, shape):
        self.shape = self.chunks = shape


@pytest.mark.parametrize(
    "shape",
    [(5, 6, 7), (60, 700, 300), (400, 4096, 4096), (65, 64, 2000), (1000, 100, 1000), (9, 9, 65)],
)
def test_shards_are_those_of_the_precomputed_format(tmp_path, shape):
    mask: MaskVolume = Empty(shape)
    (store,) = create_precomputed(tmp_path, mask, [(1, 1, 1)])
    ours = shard_shape(shape)
    for ends, one, length in zip(ours, store.chunk_layout.write_chunk.shape, shape, strict=True):
        assert min(ends, length) == min(one, length)
    assert all(n % CHUNK == 0 for n in ours)


def test_levels_become_isotropic_and_end_where_a_viewer_shows_all():
    shape, size = (400, 4096, 4096), (30.0, 8.0, 8.0)
    factors = level_factors(shape, size)
    assert factors[:4] == [(1, 1, 1), (1, 2, 2), (2, 4, 4), (4, 8, 8)]
    assert max(level_shape(shape, factors[-1])) <= COARSEST < max(level_shape(shape, factors[-2]))
    assert level_factors((1, 30, 2000), size)[-1] == (1, 8, 8)
    assert level_factors((10, 20, 30), size) == [(1, 1, 1)]
