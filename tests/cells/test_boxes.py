"""Bright-field, colours, and boxes around cells, of sizes of their own and without masks."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from cell_sources import read
from morphoflow.cells.reading.cutting import background_medians
from morphoflow.cells.reading.fit import border_medians, fit
from morphoflow.cells.shapes.features import half_maximum, measure, otsu
from morphoflow.errors import InputError
from synthetic_cells import disc, write_fields


def box(side: int = 40, radius: float = 11, dark: float = 0.3, bright: float = 0.8) -> np.ndarray:
    """A dark cell (1, 1, side, side) on bright ground, with noise and a bright spot in it."""
    rng = np.random.default_rng(side)
    x = np.full((side, side), bright) + rng.normal(0, 0.01, (side, side))
    middle = (side / 2, side / 2)
    x[disc(x.shape, middle, radius)] -= bright - dark
    x[disc(x.shape, middle, radius / 4)] = 1
    return x[None, None].astype(np.float32)


@pytest.mark.parametrize("change", [lambda x: x, lambda x: 1 - x, lambda x: 0.5 * x + 0.2])
def test_a_cell_is_found_whether_it_is_darker_or_brighter_than_what_is_around(change):
    inside = otsu(change(box()))[0]
    np.testing.assert_array_equal(inside, disc((40, 40), (20, 20), 11))


def test_each_crop_is_parted_by_itself_and_only_its_largest_piece_is_the_cell():
    x = np.concatenate([box(), 0.5 * box()])
    x[0, 0, :6, :6] = 0.3  # a corner of another cell
    expected = disc((40, 40), (20, 20), 11)
    np.testing.assert_array_equal(otsu(x), np.stack([expected, expected]))
    np.testing.assert_array_equal(otsu(x[1:]), otsu(x)[1:])
    assert half_maximum(x)[0].mean() > 0.7  # which takes bright ground for the cell


def test_a_crop_without_anything_has_no_object():
    assert not otsu(np.full((2, 1, 8, 8), 0.4, np.float32)).any()


def test_small_crops_lie_on_their_own_background():
    x = np.concatenate([box(20, 6), 0.5 * box(20, 6)])
    around = border_medians(x)
    np.testing.assert_allclose(around[:, 0], [0.8, 0.4], atol=0.01)
    fitted = fit(x, 32, 1.0, around)
    np.testing.assert_array_equal(fitted[:, :, 6:26, 6:26], x)
    assert (fitted[:, :, :6] == around[:, :, None, None]).all()
    flat = np.full((1, 1, 12, 9), 0.7, np.float32)
    np.testing.assert_allclose(fit(flat, 16, 0.5, border_medians(flat)), 0.7, rtol=1e-6)


def boxes(folder, sizes, mode="L") -> dict:
    for k, (height, width) in enumerate(sizes):
        values = np.random.default_rng(k).integers(0, 255, (height, width, 3), dtype=np.uint8)
        Image.fromarray(values).convert(mode).save(folder / f"box{k}.png")
    return {"folder": str(folder)}


SIZES = [(20, 30), (64, 40), (25, 25), (33, 10)]


def test_crops_that_are_too_large_are_told_of_all_at_once(tmp_path):
    with pytest.raises(InputError, match=r"4 are 20 to 64 pixels high and 10 to 40 wide, 2 of"):
        read(tmp_path, boxes(tmp_path, SIZES))


def test_crops_of_any_size_fill_theirs_and_keep_what_they_measured(tmp_path):
    source = boxes(tmp_path, SIZES)
    samples, rows, _ = read(tmp_path, source, scale="object")
    np.testing.assert_allclose(rows["crop_scale"], [32 / 30, 0.5, 32 / 25, 32 / 33])
    assert samples.x.shape == (4, 1, 32, 32)


def test_crops_whose_objects_are_not_looked_for_have_intensities_alone(tmp_path):
    samples, rows, _ = read(tmp_path, boxes(tmp_path, SIZES[::2]))
    x, names = measure(samples, rows, "none")
    assert {name.split("_")[0] for name in names} == {"Intensity"}
    assert not any("Integrated" in name or "Mass" in name for name in names)
    mean = x[:, names.index("Intensity_MeanIntensity_channel_0")]
    np.testing.assert_allclose(mean, samples.x[:].mean(axis=(1, 2, 3)), rtol=1e-5)
    assert len(measure(samples, rows, "otsu")[1]) > len(names)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_colours_stay_what_they_are(tmp_path, ending):
    values = np.zeros((2, 32, 32, 3), dtype=np.uint8) + np.array([200, 150, 100], np.uint8)
    values[:, 8:20, 8:20] = [120, 40, 90]
    for k, pixels in enumerate(values):
        file = tmp_path / f"cell{k}.{ending}"
        if ending == "png":
            Image.fromarray(pixels).save(file)
        else:
            tifffile.imwrite(file, pixels, photometric="rgb")
    ready = {"range": "dataset", "percentiles": [0, 100]}
    samples, _, _ = read(tmp_path, {"folder": str(tmp_path)}, **ready)
    assert samples.attributes["channels"] == ["red", "green", "blue"]
    shown = samples.x[0, :, 0, 0]
    np.testing.assert_allclose(shown, (np.array([200, 150, 100]) - 40) / 160, rtol=1e-5)


def test_what_lies_outside_of_a_mask_can_be_the_background_of_the_image(tmp_path):
    labels = disc((60, 60), (30, 30), 9).astype(np.uint8)
    rng = np.random.default_rng(0)
    image = np.where(labels > 0, 60, 200 + rng.integers(-3, 4, labels.shape)).astype(np.uint8)
    assert background_medians(image[None], labels).tolist() == [200]
    assert background_medians(image[None], np.ones_like(labels)).tolist() == [200]
    source = write_fields(tmp_path, n=1)
    (tmp_path / "images" / "field0.ome.tif").unlink()
    tifffile.imwrite(tmp_path / "images" / "field0.tif", image)
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", labels)
    x = read(tmp_path, source, background="median")[0].x[0, 0]
    np.testing.assert_allclose(x[:4], 200 / 255, rtol=1e-6)
    np.testing.assert_allclose(x[16, 16], 60 / 255, rtol=1e-6)
