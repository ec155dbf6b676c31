"""Objects in cubes: whole, in proportion, with their volume and intensity, wherever they lie."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.errors import InputError
from morphoflow.organelles.samples.clouds import PointSettings, point_cloud
from morphoflow.organelles.samples.cubes import Cutter
from morphoflow.organelles.samples.intensity import Levels, levels
from morphoflow.organelles.samples.resample import VolumeSettings, axis_weights, volume_scales
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.pieces import pieces
from morphoflow.organelles.volumes.source import Source
from synthetic_organelles import Memory

SIZE = 24
NM = (30.0, 8.0, 8.0)


def blob(shape=(12, 40, 30), offset=(0, 0, 0)):
    """A tilted ellipsoid of label 5 beside another object in noise, shifted by ``offset``."""
    z, y, x = np.meshgrid(*map(np.arange, shape), indexing="ij")
    z, y, x = (a - o for a, o in zip((z, y, x), offset, strict=True))
    labels = np.where(((z - 4) / 2.6) ** 2 + ((y - z - 12) / 9) ** 2 + ((x - 9) / 6) ** 2 < 1, 5, 0)
    labels[(labels == 0) & (x > 20)] = 9
    em = (37 * z + 11 * y * x + 5 * x) % 251
    return labels.astype(np.uint32), em.astype(np.uint8)


def box_around(labels, label=5):
    found = np.argwhere(labels == label)
    return Box(tuple(found.min(axis=0).tolist()), tuple((found.max(axis=0) + 1).tolist()))


def cut(labels, em, *, nm=NM, scale=12.0, size=SIZE, keep=False, most=1 << 22):
    source = Source(Memory(labels), Memory(em), nm)
    cutter = Cutter(source, Levels(0, 255), size, keep, most)
    return cutter(5, box_around(labels), scale)


def table(*sides):
    """Objects whose boxes have these sides."""
    rows = {f"box_{axis}_start": 3 for axis in "zyx"}
    stops = {f"box_{a}_stop": [3 + s[i] for s in sides] for i, a in enumerate("zyx")}
    ids = [str(i) for i in range(len(sides))]
    return pd.DataFrame({"id": ids, **stops}).assign(**rows)


@pytest.mark.parametrize("scale", [5.0, 12.0, 20.0])
def test_the_sample_has_the_volume_of_the_object_and_its_intensity(scale):
    labels, em = blob()
    size = int(np.ceil(330 / scale))
    sample = cut(labels, em, scale=scale, size=size).astype(float) / 255
    volume = (labels == 5).sum() * np.prod(NM)
    assert sample[1].sum() * scale**3 == pytest.approx(volume, rel=0.004)
    mean = 255 * sample[0].sum() / sample[1].sum()
    assert mean == pytest.approx(em[labels == 5].mean(), rel=0.01)


def test_no_voxel_is_cut_off():
    """Of any object, at the scale that is chosen for it, all mass is in the cube."""
    for shape in [(1, 1, 1), (1, 30, 2), (9, 1, 1), (3, 4, 5), (1, 70, 60)]:
        for settings in [
            VolumeSettings(16, "object", 1.0, "mask"),
            VolumeSettings(16, "fixed", 0.9, "mask", voxel_nm=1.0),
            VolumeSettings(16, "fixed", 0.9, "mask"),
        ]:
            (scale,) = volume_scales(table(shape), NM, settings)
            for n, voxel in zip(shape, NM, strict=True):
                kept = axis_weights(-n / 2, n, voxel / scale, 16).sum(axis=0)
                np.testing.assert_allclose(kept, voxel / scale, rtol=1e-5)


@pytest.mark.parametrize("width", [0.3, 1.0, 3.7])
def test_a_ramp_stays_a_ramp_at_any_scale(width):
    """Scaled up, voxels are joined by lines and do not become steps."""
    ramp = axis_weights(-10, 20, width, 64) @ np.arange(20.0)
    inside = np.abs(np.arange(64) - 31.5) < 9 * width - 1
    np.testing.assert_allclose(np.diff(ramp[inside]), 1 / width, rtol=1e-3)


def test_pieces_give_what_the_whole_gives():
    labels, em = blob()
    for keep in (False, True):
        whole = cut(labels, em, keep=keep).astype(int)
        for most in (64, 700):
            parted = cut(labels, em, keep=keep, most=most).astype(int)
            assert np.abs(parted - whole).max() <= 1
            assert (parted != whole).mean() < 1e-3


def test_a_shift_of_the_object_changes_nothing():
    here, there = blob(), blob(shape=(19, 52, 33), offset=(6, 11, 2))
    np.testing.assert_array_equal(cut(*here), cut(*there))


def test_finer_voxels_of_the_same_object_give_nearly_the_same_sample():
    labels, em = blob()
    em = np.where(labels == 5, 180, 0).astype(np.uint8)
    fine = [np.kron(a, np.ones((2, 2, 2), a.dtype)) for a in (labels, em)]
    nm = tuple(n / 2 for n in NM)
    coarse, fine = cut(labels, em), cut(*fine, nm=nm)
    difference = coarse.astype(float) - fine
    assert np.abs(difference).mean() < 2
    assert difference.sum() == pytest.approx(0, abs=0.002 * coarse.sum())


def test_an_anisotropic_cuboid_has_its_proportions_in_nm():
    labels = np.zeros((8, 40, 40), np.uint32)
    labels[2:6, 5:35, 8:23] = 5  # 120 x 240 x 120 nm
    sample = cut(labels, labels.astype(np.uint8), scale=12.0)[1] / 255
    for axis, expected in enumerate([10, 20, 10]):
        middle = [SIZE // 2] * 3
        middle[axis] = slice(None)
        assert sample[tuple(middle)].sum() == pytest.approx(expected, abs=0.03)
    place = (np.indices(sample.shape) * sample).sum(axis=(1, 2, 3)) / sample.sum()
    np.testing.assert_allclose(place, (SIZE - 1) / 2, atol=1e-3)


def test_at_equal_voxels_the_inside_is_copied_and_the_outside_is_zero_or_kept():
    labels = np.zeros((20, 20, 20), np.uint32)
    labels[6:14, 6:14, 6:14] = 5
    em = np.random.default_rng(0).integers(40, 200, labels.shape).astype(np.uint8)
    smooth = np.full_like(em, 90)
    masked, kept = (cut(labels, smooth, nm=(8.0,) * 3, scale=8.0, keep=k) for k in (False, True))
    assert (kept[0, 2:22, 2:22, 2:22] == 90).all()
    assert (masked[0, 9:15, 9:15, 9:15] == 90).all() and masked[0, :7].max() == 0
    np.testing.assert_array_equal(masked[1], kept[1])
    other = np.where(labels == 5, em, 255 - em)
    np.testing.assert_array_equal(cut(labels, em), cut(labels, other))
    assert (cut(labels, em, keep=True) != cut(labels, other, keep=True)).any()


def test_an_object_far_below_a_sample_voxel_stays_visible():
    labels = np.zeros((9, 9, 9), np.uint32)
    labels[4, 4, 4] = 5
    assert cut(labels, labels.astype(np.uint8), scale=400.0)[1].sum() >= 1


def test_an_object_that_is_not_in_its_box_is_named():
    labels, em = blob()
    source = Source(Memory(labels), Memory(em), NM)
    box, chosen = box_around(labels), PointSettings(9, "uniform", "nm", 0)
    with pytest.raises(InputError, match="the label 6"):
        Cutter(source, Levels(0, 255), SIZE, False)(6, box, 12.0)
    with pytest.raises(InputError, match="the label 6"):
        point_cloud(source, 6, box, chosen)


def test_scales_are_fixed_or_fill_the_cube():
    objects = table((2, 10, 10), (20, 10, 10), (2, 80, 3))  # longest sides 80, 600, 640 nm
    each = volume_scales(objects, NM, VolumeSettings(64, "object", 0.5, "mask"))
    np.testing.assert_allclose(each, np.array([80, 600, 640]) / 32, rtol=1e-6)
    same = volume_scales(objects, NM, VolumeSettings(64, "fixed", 0.5, "mask"))
    np.testing.assert_allclose(same, 20)
    given = volume_scales(objects, NM, VolumeSettings(64, "fixed", 1.0, "mask", voxel_nm=9.0))
    np.testing.assert_allclose(given, [9, 630 / 64, 10.125], rtol=1e-6)


@pytest.mark.parametrize("most", [1, 10, 100, 1000, 10**6])
@pytest.mark.parametrize("chunks", [(4, 4, 4), (1, 64, 64), (7, 3, 5)])
def test_pieces_cover_a_box_once_and_are_small(chunks, most):
    box, count = Box((3, 5, 2), (14, 27, 20)), np.zeros((20, 30, 20), int)
    for piece in pieces(box, chunks, most):
        assert 0 < piece.size <= most
        count[piece.slices] += 1
    assert count[box.slices].min() == count.max() == 1 and count.sum() == box.size


def test_only_pieces_with_the_object_have_their_em_read():
    labels = np.zeros((8, 32, 32), np.uint32)
    labels[4, np.arange(32), np.arange(32)] = 5
    source = Source(Memory(labels), Memory(labels.astype(np.uint8)), NM)
    Cutter(source, Levels(0, 255), SIZE, False, most=64)(5, box_around(labels), 40.0)
    assert sum(box.size for box in source.labels.boxes) == 32 * 32
    assert sum(box.size for box in source.em.boxes) == 4 * 64


def test_levels_are_those_of_all_voxels_of_all_objects():
    rng = np.random.default_rng(1)
    parts = [rng.normal(700, 50, 300), rng.normal(900, 20, 4000)]
    columns = {"voxels": map(len, parts), "intensity_mean": map(np.mean, parts)}
    objects = pd.DataFrame({"id": ["a", "b"]} | {k: list(v) for k, v in columns.items()})
    objects["intensity_sd"] = [part.std() for part in parts]
    voxels = np.concatenate(parts)
    found = levels(objects, np.dtype(np.uint16))
    low, high = voxels.mean() - 3 * voxels.std(), voxels.mean() + 3 * voxels.std()
    assert (found.low, found.high) == pytest.approx((low, high))
    grey = found.apply(np.array([low - 90, low, (low + high) / 2, high, 9e9]))
    np.testing.assert_allclose(grey, [0, 0, 127.5, 255, 255], atol=1e-3)
    bytes_ = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(levels(objects, bytes_.dtype).apply(bytes_), bytes_)
    objects.loc[1, "intensity_mean"] = np.nan
    with pytest.raises(InputError, match="'b'"):
        levels(objects, np.dtype(np.float32))
