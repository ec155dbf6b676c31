"""Objects as connected parts: the same in any blocks, and as labelled in one piece."""

import numpy as np
import pytest
from skimage.measure import label

from morphoflow.organelles.counting.instances import write_instances
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.units import Offset

SHAPE, SIZE = (13, 17, 19), (40.0, 8.0, 8.0)
WHOLE = Box((0, 0, 0), SHAPE)


class Memory:
    path, voxel_size_nm, offset = "memory", None, None

    def __init__(self, array, chunks):
        self.array, self.shape, self.dtype, self.chunks = array, array.shape, array.dtype, chunks

    def read(self, box):
        return np.ascontiguousarray(self.array[box.slices])


@pytest.fixture
def small_blocks(monkeypatch):
    chunk = "morphoflow.organelles.counting.instances.block_shape"
    monkeypatch.setattr(chunk, lambda shape, chunks, block: chunks)


def speckled(seed, share, kinds=2):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(SHAPE) < share, rng.integers(1, kinds + 1, SHAPE), 0)


def instances(folder, array, chunks, by):
    placed = SIZE, Offset((400.0, 0.0, 8.0), centred=True)
    write_instances(folder, Memory(array.astype(np.uint32), chunks), placed, by)
    return open_volume(folder)


@pytest.mark.parametrize("chunks", [SHAPE, (4, 5, 6), (1, 17, 19), (3, 1, 1)])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.9])
def test_parts_are_those_of_the_whole_volume_in_any_blocks(chunks, share, small_blocks, tmp_path):
    array = speckled(1, share)
    volume = instances(tmp_path / "a.zarr", array, chunks, "connected")
    expected, count = label(array, background=0, connectivity=3, return_num=True)
    found = volume.read(WHOLE)
    assert len(np.unique(found[found > 0])) == found.max() == count
    # skimage numbers in the order of first voxels too, so that the numbers are equal.
    np.testing.assert_array_equal(found, expected)
    assert volume.voxel_size_nm == SIZE and volume.offset == Offset((400.0, 0.0, 8.0), True)


@pytest.mark.parametrize("chunks", [SHAPE, (4, 5, 6)])
def test_the_largest_part_of_an_id_keeps_it_and_others_are_split_or_dropped(
    chunks, small_blocks, tmp_path
):
    array = np.zeros(SHAPE, int)
    array[2:9, 3:9, 3:14] = 7
    array[11, 14, 16:18] = 7
    array[0, 0, 0] = 7
    array[9, 9, 14] = 4  # touches the body of 7 by a corner, and is another id
    split = instances(tmp_path / "s.zarr", array, chunks, "split").read(WHOLE)
    assert split[0, 0, 0] == 8 and (split[11, 14, 16:18] == 9).all()
    np.testing.assert_array_equal(split[2:10, 3:10, 3:15], array[2:10, 3:10, 3:15])
    largest = instances(tmp_path / "l.zarr", array, chunks, "largest").read(WHOLE)
    np.testing.assert_array_equal(largest, np.where(split > 7, 0, split))


def test_connected_ids_stay_as_they_are(tmp_path):
    array = np.zeros(SHAPE, int)
    array[:4], array[6:8, 5:, 3:] = 3, 2**31
    for by in ("split", "largest"):
        read = instances(tmp_path / by, array, (4, 5, 6), by).read(WHOLE)
        np.testing.assert_array_equal(read, array)


def test_labels_without_objects_stay_empty(tmp_path):
    assert not instances(tmp_path / "a", np.zeros(SHAPE, int), SHAPE, "split").read(WHOLE).any()
