"""Laws of cutting: pixels are copied, centred, conserved and scaled as the settings say."""

import numpy as np
import pytest

from morphoflow.cells.reading.crops import CropSettings
from morphoflow.cells.reading.cutting import crop_scales, cut
from morphoflow.cells.reading.faults import faults_of
from morphoflow.cells.reading.fit import fit
from morphoflow.cells.reading.regions import measure_regions, sticks_out
from morphoflow.images.intensity import object_limits, stretch, to_unit
from synthetic_cells import CROPS, disc, field


def settings(**changed) -> CropSettings:
    return CropSettings(**{**CROPS, **changed})


def crops_of(image, labels, chosen: CropSettings, fixed: float = 1.0):
    weights = image if chosen.centre == "intensity" else None
    regions = measure_regions(labels, weights)
    scale = crop_scales(regions, chosen, fixed)
    blocks = list(cut(image, labels, regions, scale, chosen))
    return regions, np.concatenate([b[1] for b in blocks]), np.concatenate([b[2] for b in blocks])


def squares(side: int = 7, shape=(60, 64)) -> np.ndarray:
    """Two squares with an odd side, whose centres lie on the grid."""
    labels = np.zeros(shape, dtype=np.uint16)
    labels[10 : 10 + side, 12 : 12 + side] = 3
    labels[30 : 30 + side, 40 : 40 + side] = 9
    return labels


def test_pixels_are_copied_where_the_centre_lies_on_the_grid():
    labels = squares()
    image = np.random.default_rng(0).integers(1, 255, (2, *labels.shape)).astype(np.uint8)
    regions, crops, masks = crops_of(image, labels, settings(size=15, background="keep"))
    for centre, crop, mask, label in zip(
        regions.centre.astype(int), crops, masks, regions.label, strict=True
    ):
        window = np.s_[centre[0] - 7 : centre[0] + 8, centre[1] - 7 : centre[1] + 8]
        np.testing.assert_array_equal(crop, to_unit(image[:, *window]))
        np.testing.assert_array_equal(mask, 255 * (labels[window] == label))


def test_nothing_of_a_neighbour_or_the_background_is_left_behind_a_mask():
    labels = squares()
    labels[10:17, 19:26] = 4  # it touches the first square
    image = np.full((1, *labels.shape), 255, dtype=np.uint8)
    _, crops, masks = crops_of(image, labels, settings(size=15))
    np.testing.assert_allclose(crops[:, 0], masks / 255, atol=0.5 / 255)
    np.testing.assert_allclose(crops.sum(axis=(1, 2, 3)), 49, rtol=1e-5)


@pytest.mark.parametrize("fixed", [1.0, 0.5, 0.31, 1.7])
def test_brightness_and_centre_are_conserved_at_any_scale(fixed):
    image, labels = field(n=8)
    chosen = settings(size=48)
    regions, crops, masks = crops_of(image, labels, chosen, fixed)
    own = (labels == regions.label[:, None, None]) * to_unit(image)
    total = own.sum(axis=(1, 2)) * fixed**2
    np.testing.assert_allclose(crops.sum(axis=(1, 2, 3)), total, rtol=0.02)
    np.testing.assert_allclose(masks.sum(axis=(1, 2)) / 255, regions.area * fixed**2, rtol=0.02)
    middle = (chosen.size - 1) / 2
    weight = masks / masks.sum(axis=(1, 2), keepdims=True)
    place = np.arange(chosen.size)
    np.testing.assert_allclose(weight.sum(axis=2) @ place, middle, atol=0.05)
    np.testing.assert_allclose(weight.sum(axis=1) @ place, middle, atol=0.05)


def test_scaling_down_does_not_alias():
    y, x = np.mgrid[:200, :200]
    stripes = np.where((y + x) % 2, 200, 0).astype(np.uint8)[None]
    labels = disc((200, 200), (100, 100), 80).astype(np.uint8)
    _, crops, _ = crops_of(stripes, labels, settings(size=32, background="keep"), 0.25)
    np.testing.assert_allclose(crops, 100 / 255, atol=0.01)


def test_turned_and_mirrored_images_give_turned_and_mirrored_crops():
    image, labels = field(n=6)
    _, crops, masks = crops_of(image, labels, settings(size=30))
    for turn in (lambda a: np.rot90(a, axes=(-2, -1)), lambda a: a[..., ::-1]):
        _, turned, turned_masks = crops_of(turn(image), turn(labels), settings(size=30))
        np.testing.assert_allclose(turned, turn(crops), atol=1e-5)
        assert np.abs(turned_masks.astype(int) - turn(masks)).max() <= 1


@pytest.mark.parametrize("centre", ["mask", "intensity"])
def test_the_farthest_pixel_lies_at_the_share_of_the_half_side_that_is_asked_for(centre):
    image, labels = field(n=8)
    chosen = settings(scale="object", fill=0.7, size=40, centre=centre)
    regions = measure_regions(labels, image if centre == "intensity" else None)
    scale = crop_scales(regions, chosen, 1.0)
    yx = [np.argwhere(labels == label) for label in regions.label]
    far = [np.hypot(*(p - c).T).max() for p, c in zip(yx, regions.centre, strict=True)]
    np.testing.assert_allclose(far * scale, 0.7 * 20)
    assert not sticks_out(regions, 40, scale).any()


def test_regions_have_the_area_centre_extent_and_reach_of_each_object():
    labels = np.zeros((9, 12), dtype=np.int32)
    labels[2:5, 3:8] = 7
    labels[8, 11] = 2
    regions = measure_regions(labels)
    assert regions.label.tolist() == [2, 7] and regions.area.tolist() == [1, 15]
    assert regions.centroid.tolist() == [[8, 11], [3, 5]]
    assert regions.low[1].tolist() == [2, 3] and regions.high[1].tolist() == [4, 7]
    np.testing.assert_allclose(regions.reach, [0, np.hypot(1, 2)])
    assert regions.touches_border.tolist() == [True, False]
    bright = np.zeros((1, 9, 12))
    bright[0, 4, 7] = 5.0
    assert measure_regions(labels, bright).centre.tolist() == [[8, 11], [4, 7]]
    assert len(measure_regions(np.zeros((3, 3), dtype=int)).label) == 0


def test_objects_that_do_not_fit_are_told_to_the_half_pixel():
    regions = measure_regions(squares(side=7))
    assert not sticks_out(regions, 7, np.ones(2)).any()
    assert sticks_out(regions, 6, np.ones(2)).all()
    assert sticks_out(regions, 7, np.full(2, 1.01)).all()


def test_beyond_the_image_lies_zero_or_the_nearest_pixel():
    labels = np.zeros((20, 20), dtype=np.uint8)
    labels[:3, :3] = 1
    image = np.full((1, 20, 20), 102, dtype=np.uint8)
    _, kept, masks = crops_of(image, labels, settings(size=9, background="keep"))
    _, masked, _ = crops_of(image, labels, settings(size=9))
    np.testing.assert_allclose(kept, 0.4, atol=1e-6)
    np.testing.assert_allclose(masked[0, 0], 0.4 * masks[0] / 255, atol=1e-6)


def test_a_block_is_the_same_whatever_else_is_cut_with_it():
    image, labels = field(n=12, channels=2)
    chosen = settings(scale="object", range="object")
    regions, crops, masks = crops_of(image, labels, chosen)
    alone = regions.select(np.array([5]))
    ((_, crop, mask),) = cut(image, labels, alone, crop_scales(alone, chosen, 1.0), chosen)
    np.testing.assert_array_equal(crop[0], crops[5])
    np.testing.assert_array_equal(mask[0], masks[5])


def test_stretching_is_free_of_units():
    image, labels = field(n=8, channels=2)
    for value_range in ("image", "object"):
        chosen = settings(range=value_range, background="keep")
        _, crops, _ = crops_of(image, labels, chosen)
        _, other, _ = crops_of(3.5 * image - 900.0, labels, chosen)
        np.testing.assert_allclose(crops, other, atol=1e-4)
        assert crops.min() >= 0 and crops.max() <= 1


def test_limits_of_objects_are_numpys_percentiles_of_their_pixels():
    rng = np.random.default_rng(3)
    x, inside = rng.normal(size=(4, 2, 6, 5)), rng.random((4, 6, 5)) < 0.4
    low, high = object_limits(x, inside, (5, 90))
    for n, c in np.ndindex(4, 2):
        expected = np.percentile(x[n, c][inside[n]], (5, 90))
        np.testing.assert_allclose([low[n, c], high[n, c]], expected, rtol=1e-5)


def test_flat_channels_become_zero_and_nothing_becomes_infinite():
    x = np.full((1, 2, 3, 3), 4.0)
    x[0, 1] = np.arange(9).reshape(3, 3)
    stretched = stretch(x, *object_limits(x, None, (0, 100)))
    assert (stretched[0, 0] == 0).all() and stretched[0, 1].max() == 1


def test_smaller_crops_get_equal_margins_and_keep_their_pixels():
    x = np.random.default_rng(0).random((2, 1, 5, 6)).astype(np.float32)
    fitted = fit(x, 9, 1.0)
    np.testing.assert_array_equal(fitted[:, :, 2:7, 1:7], x)
    np.testing.assert_allclose(fitted.sum(), x.sum(), rtol=1e-6)
    np.testing.assert_allclose(fit(np.ones((1, 1, 16, 16), np.float32), 8, 0.5)[..., 2:6, 2:6], 1)


def test_a_crop_at_half_scale_is_turned_with_its_source():
    x = np.random.default_rng(0).random((2, 1, 20, 20)).astype(np.float32)
    np.testing.assert_allclose(
        fit(np.rot90(x, axes=(2, 3)), 12, 0.5), np.rot90(fit(x, 12, 0.5), axes=(2, 3)), atol=1e-6
    )


FAULTY = {
    "not_finite": lambda x: x.__setitem__((1, 0, 2, 2), np.nan),
    "out_of_range": lambda x: x.__setitem__((1, 0, 2, 2), 7.0),
    "empty": lambda x: x.__setitem__(1, 0.0),
    "constant": lambda x: x.__setitem__(1, 0.5),
}


@pytest.mark.parametrize("code", FAULTY)
def test_each_useless_crop_is_found_and_no_other(code):
    x = np.random.default_rng(0).random((3, 2, 4, 4)).astype(np.float32)
    assert list(faults_of(x, ["a", "b", "c"])) == []
    FAULTY[code](x)
    ((row, fault),) = faults_of(x, ["a", "b", "c"])
    assert row == 1 and fault.code == code and fault.id == "b" and "'b'" in fault.message


def test_one_flat_channel_among_others_is_no_fault():
    x = np.random.default_rng(0).random((1, 2, 4, 4)).astype(np.float32)
    x[:, 0] = 0
    assert list(faults_of(x, ["a"])) == []
