"""Counts of labels are exact: whatever the blocks and parts, and however large the numbers."""

import numpy as np
import pandas as pd
import pytest
from skimage.measure import regionprops_table

from morphoflow.errors import InputError
from morphoflow.organelles.counting.columns import object_columns
from morphoflow.organelles.counting.order import block_shape, blocks_of_part
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.counting.table import merged_classes, merged_contacts, merged_labels
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source

SIZE = (30.0, 8.0, 4.0)


class Memory:
    """A volume in memory."""

    path, voxel_size_nm = "memory", None

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.chunks = (8, 8, 8)

    def read(self, box: Box) -> np.ndarray:
        return np.ascontiguousarray(self.array[box.slices])


def counted(labels, em=None, classes=None, block=None, parts=1):
    """The tables of labels, contacts and classes, by so many parts."""
    em = np.zeros(labels.shape, np.uint8) if em is None else em
    source = Source(Memory(labels), Memory(em), SIZE, None if classes is None else Memory(classes))
    shape = block_shape(labels.shape, (8, 8, 8), block)
    done = [count_part(source, blocks_of_part(labels.shape, shape, i, parts)) for i in range(parts)]
    tables, pairs = [d[0] for d in done], [d[1] for d in done]
    table = merged_labels(tables)
    return table, merged_contacts(pairs, table["label_id"]), merged_classes(tables)


def segments(shape=(20, 33, 47), seed=0, foreground=0.6) -> np.ndarray:
    """Labels in clumps that touch, of random and in part huge ids."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 40, [-(-n // 5) for n in shape])
    ids = generator.integers(1, 2**64 - 1, 40, dtype=np.uint64)
    ids[:2] = 2**64 - 1, 2**53 + 1
    ids[int(40 * foreground) :] = 0
    fine = np.kron(ids[coarse], np.ones((5, 5, 5), np.uint64))[tuple(slice(n) for n in shape)]
    noise = generator.random(shape) < 0.05
    return np.where(noise, generator.permutation(fine.ravel()).reshape(shape), fine)


@pytest.fixture(scope="module")
def volume():
    generator = np.random.default_rng(1)
    labels = segments()
    em = generator.integers(0, 256, labels.shape, dtype=np.uint8)
    return labels, em, generator.integers(0, 4, labels.shape, dtype=np.uint8)


@pytest.mark.parametrize("block", [[8, 8, 8], [5, 40, 16], [20, 7, 47], [1, 33, 3]])
@pytest.mark.parametrize("parts", [1, 3, 7])
def test_any_blocks_and_parts_give_the_same_bits(volume, block, parts):
    whole, pieces = counted(*volume, list(volume[0].shape)), counted(*volume, block, parts)
    for one, other in zip(whole, pieces, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    a, b = (object_columns(t[0], Box((0, 0, 0), volume[0].shape), SIZE) for t in (whole, pieces))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_every_voxel_and_every_face_is_counted_once(volume):
    labels = volume[0]
    table, contacts, classes = counted(*volume, [8, 16, 8], 4)
    assert table["voxels"].sum() == np.count_nonzero(labels) == classes["voxels"].sum()
    assert table["label_id"].tolist() == np.unique(labels)[1:].tolist()
    for axis, name in enumerate("zyx"):
        moved = np.moveaxis(labels, axis, 0)
        low, high = moved[:-1], moved[1:]
        touching = (low != high) & (low > 0) & (high > 0)
        pairs, n = np.unique(
            np.sort(np.stack([low[touching], high[touching]], axis=1), axis=1),
            axis=0,
            return_counts=True,
        )
        there = contacts[contacts[f"faces_{name}"] > 0]
        assert there[["label_id_a", "label_id_b"]].to_numpy().tolist() == pairs.tolist()
        assert there[f"faces_{name}"].tolist() == n.tolist()


def test_classes_are_counted_voxel_by_voxel(volume):
    labels, _, classes = volume
    found = counted(*volume, [8, 8, 16])[2]
    for row in found.iloc[::5].itertuples():
        both = (labels == np.uint64(row.label_id)) & (classes == row.class_id)
        assert row.voxels == np.count_nonzero(both)


def test_columns_agree_with_scikit_image(volume):
    labels, em, _ = volume
    _, numbers = np.unique(labels, return_inverse=True)
    wanted = regionprops_table(
        numbers.reshape(labels.shape),
        em,
        spacing=[n / 1000 for n in SIZE],
        properties=["area", "centroid", "bbox", "intensity_mean", "intensity_std"],
    )
    found = object_columns(
        counted(labels, em, block=[8, 8, 8])[0], Box((0, 0, 0), labels.shape), SIZE
    )
    assert np.allclose(found["volume_um3"], wanted["area"])
    assert np.allclose(found["intensity_mean"], wanted["intensity_mean"])
    assert np.allclose(found["intensity_sd"], wanted["intensity_std"])
    for axis, name in enumerate("zyx"):
        half = SIZE[axis] / 2000
        assert np.allclose(found[f"centroid_{name}_um"], wanted[f"centroid-{axis}"] + half)
        assert (found[f"box_{name}_start"] == wanted[f"bbox-{axis}"]).all()
        assert (found[f"box_{name}_stop"] == wanted[f"bbox-{axis + 3}"]).all()


def test_the_anchor_is_the_first_voxel_in_scan_order(volume):
    labels = volume[0]
    table = counted(*volume, [7, 11, 13], 5)[0]
    for row in table.itertuples():
        first = np.argwhere(labels == np.uint64(row.label_id))[0]
        assert (row.anchor_z, row.anchor_y, row.anchor_x) == tuple(first)


def test_other_ids_give_other_names_to_the_same_rows(volume):
    labels, em, _ = volume
    ids = np.unique(labels)[1:]
    renamed = np.zeros_like(labels)
    for old, new in zip(ids, ids[::-1], strict=True):
        renamed[labels == old] = new
    before = counted(labels, em)[0].drop(columns="label_id")
    after = counted(renamed, em)[0].drop(columns="label_id")
    pd.testing.assert_frame_equal(before, after.iloc[::-1].reset_index(drop=True))


def test_float_em_gives_the_statistics_of_its_values(volume):
    labels = volume[0]
    em = np.random.default_rng(2).normal(100, 5, labels.shape).astype(np.float32)
    found = object_columns(
        counted(labels, em, block=[8, 8, 8])[0], Box((0, 0, 0), labels.shape), SIZE
    )
    for row in found.iloc[::4].itertuples():
        values = em[labels == np.uint64(row.label_id)].astype(np.float64)
        assert np.isclose(row.intensity_mean, values.mean(), rtol=1e-12)
        assert np.isclose(row.intensity_sd, values.std(), rtol=1e-9)


def test_em_that_is_not_finite_is_refused_with_its_place():
    labels, em = np.ones((4, 16, 16), np.uint64), np.zeros((4, 16, 16), np.float32)
    em[1, 3, 12] = np.nan
    with pytest.raises(InputError, match="z 0 to 3, y 0 to 7, x 8 to 15"):
        counted(labels, em, block=[8, 8, 8])


def test_a_volume_without_objects_gives_tables_without_rows():
    for table in counted(np.zeros((4, 16, 16), np.uint64), parts=2, block=[4, 8, 16]):
        assert table.empty


def test_layers_that_are_not_kept_are_read_again_with_the_same_result(volume, monkeypatch):
    kept = counted(*volume, [8, 8, 8])[1]
    monkeypatch.setattr("morphoflow.organelles.counting.part.KEPT_VOXELS", 100)
    pd.testing.assert_frame_equal(kept, counted(*volume, [8, 8, 8])[1])
