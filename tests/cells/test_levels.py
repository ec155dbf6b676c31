"""The intensity range of a dataset: what becomes 0 and 1 in all of its crops."""

from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from cell_sources import codes, read
from morphoflow.cells.reading.objects import early_split, object_table
from morphoflow.errors import InputError
from synthetic_cells import field, write_fields


def fields(folder: Path, change, n: int = 3, channels: int = 1) -> dict:
    """Fields of discs, each image changed by ``change(image, number)``."""
    source = write_fields(folder, n=n, channels=channels)
    for number in range(n):
        image = change(field(channels=channels, seed=number)[0], number)
        file = folder / "images" / f"field{number}.ome.tif"
        tifffile.imwrite(file, image, metadata={"axes": "CYX"})
    return source


def means(samples) -> np.ndarray:
    inside = samples.mask[:] == 255
    return (samples.x[:, 0] * inside).sum((1, 2)) / inside.sum((1, 2))


def test_a_gain_and_an_offset_of_the_camera_change_no_crop(tmp_path):
    plain = read(tmp_path, fields(tmp_path / "a", lambda i, k: i), range="dataset")[0]
    wide = plain.x[:]
    source = fields(tmp_path / "b", lambda i, k: (i // 16 + 100).astype(np.uint16))
    twelve = read(tmp_path, source, range="dataset")[0]
    np.testing.assert_allclose(twelve.x[:], wide, atol=2e-3)
    assert wide.max() > 0.99 and np.median(wide[wide > 0]) > 0.3


def test_brightness_stays_comparable_between_images(tmp_path):
    source = fields(tmp_path, lambda i, k: (i // (k + 1)).astype(np.uint16))
    mean = means(read(tmp_path, source, range="dataset")[0]).reshape(3, -1).mean(axis=1)
    np.testing.assert_allclose(mean[0] / mean[1:], [2, 3], rtol=0.15)
    of_each = means(read(tmp_path, source, range="image")[0]).reshape(3, -1).mean(axis=1)
    np.testing.assert_allclose(of_each, of_each[0], rtol=0.15)


def test_each_channel_has_its_own_range_which_is_recorded(tmp_path):
    def change(image, number):
        return np.stack([image[0], image[1] // 64 + 5]).astype(np.uint16)

    samples, _, reports = read(tmp_path, fields(tmp_path, change, channels=2), range="dataset")
    assert (samples.x[:].max(axis=(0, 2, 3)) > 0.98).all()
    low, high = samples.attributes["intensity_limits"]
    assert high[0] > 50_000 and 800 < high[1] < 1000 and low[1] >= 5
    assert codes(reports).count("intensity_range") == 1


def test_few_bright_cells_on_much_background_keep_their_contrast(tmp_path):
    def change(image, number):
        wide = np.zeros((1, 2000, 2000), np.uint16)
        wide[:, :160, :200] = image
        return wide

    source = fields(tmp_path, change, n=1)
    mask = np.zeros((2000, 2000), np.uint16)
    mask[:160, :200] = field(seed=0)[1] * (field(seed=0)[1] < 4)
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", mask)
    inside = read(tmp_path, source, range="dataset")[0]
    assert np.mean(inside.x[:][inside.mask[:][:, None] == 255] == 1) < 0.01


def test_arrays_of_any_number_type_fill_the_range(tmp_path):
    values = np.random.default_rng(0).uniform(0, 255, (7, 1, 32, 32))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values.astype(np.float32)
    source = {"arrays": str(tmp_path / "a.h5")}
    x = read(tmp_path, source, range="dataset")[0].x[:]
    np.testing.assert_allclose(x, values / 255, atol=0.01)
    with pytest.raises(InputError, match="beyond 0\\.\\.1"):
        read(tmp_path, source, range="type")


def test_nothing_left_to_see_stops_the_reading(tmp_path):
    source = fields(tmp_path / "flat", lambda i, k: np.full_like(i, 700))
    with pytest.raises(InputError, match="one value 700"):
        read(tmp_path, source, range="dataset")
    source = fields(tmp_path / "dark", lambda i, k: (i // 16).astype(np.uint16))
    with pytest.raises(InputError, match="trained on black"):
        read(tmp_path, source, range="type")


def test_a_refused_file_has_no_part_in_the_range(tmp_path):
    source = fields(tmp_path, lambda i, k: i)
    expected = read(tmp_path, source, range="dataset")[0].attributes["intensity_limits"]
    (tmp_path / "images" / "extra.tif").write_bytes(b"II*")
    tifffile.imwrite(tmp_path / "masks" / "extra.tif", field()[1])
    samples, _, reports = read(tmp_path, source, skip=True, range="dataset")
    assert "unreadable" in codes(reports)
    np.testing.assert_allclose(samples.attributes["intensity_limits"], expected, rtol=0.02)


def every_third_tests(rows, files) -> np.ndarray:
    """All objects of the third field are test objects."""
    return np.where(rows["image"] == "field2", "test", "train")


def test_the_range_is_that_of_the_training_images(tmp_path):
    source = fields(tmp_path / "a", lambda i, k: i // 4 if k < 2 else i)
    samples, rows, _ = read(tmp_path, source, range="dataset", splitting=every_third_tests)
    assert samples.attributes["intensity_limits"][1][0] < 16_000
    assert rows["split"].tolist() == every_third_tests(rows, []).tolist()
    assert samples.x[:][(rows["split"] == "test").to_numpy()].max() == 1
    everywhere = read(tmp_path, source, range="dataset")[0]
    assert everywhere.attributes["intensity_limits"][1][0] > 50_000


def test_other_objects_of_a_training_image_do_not_count_among_objects(tmp_path):
    def change(image, number):
        wide = np.zeros((1, 800, 800), np.uint16)
        wide[:, :160, :200] = image // 100
        wide[:, :40, :40] *= 50
        return wide

    source = fields(tmp_path, change, n=1)
    mask = np.zeros((800, 800), np.uint16)
    mask[:160, :200] = field(seed=0)[1]
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", mask)

    def first_tests(rows, files) -> np.ndarray:
        return np.where(rows["id"] == "field0_1", "test", "train")

    options = {"range": "dataset", "percentiles": [0, 99.5]}
    without = read(tmp_path, source, splitting=first_tests, **options)[0]
    assert without.attributes["intensity_limits"][1][0] < 700
    assert read(tmp_path, source, **options)[0].attributes["intensity_limits"][1][0] > 10_000


def test_the_split_comes_before_the_crops_and_stays(tmp_path):
    source = write_fields(tmp_path, n=6)
    split = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 1}
    splitting = partial(early_split, labels=[], split=split)
    _, rows, reports = read(tmp_path, source, range="dataset", splitting=splitting)
    objects, _ = object_table(rows, reports, [], split, "stop")
    _, later, reports = read(tmp_path / "images", source, range="type")
    expected, _ = object_table(later, reports, [], split, "stop")
    assert objects["split"].tolist() == expected["split"].tolist()
    assert objects.groupby("group")["split"].nunique().max() == 1
