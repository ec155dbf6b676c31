"""Sources of cells: images with masks."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cell_sources import X, codes, read
from morphoflow.errors import InputError
from morphoflow.images.images import read_image
from synthetic_cells import write_crops, write_fields


def test_images_with_masks_give_each_object_its_row(tmp_path):
    source = write_fields(tmp_path, n=2, channels=2)
    samples, rows, _reports = read(tmp_path, source, size=24)
    labels = tifffile.imread(tmp_path / "masks" / "field1.tif")
    row = rows.set_index("id").loc["field1_5"]
    y, x = np.argwhere(labels == 5).mean(axis=0)
    assert row["area_px"] == (labels == 5).sum() and row["group"] == row["image"] == "field1"
    np.testing.assert_allclose([row["centroid_y_px"], row["centroid_x_px"]], [y, x])
    np.testing.assert_allclose(row["area_um2"], row["area_px"] * 0.25)
    assert len(rows) == 24 and samples.mask.shape == (24, 24, 24)
    assert samples.attributes["channels"] == ["stain0", "stain1"]
    assert samples.attributes["pixel_size_um"] == 0.5
    samples, rows, _ = read(tmp_path, source, pixel_um=1.0)
    assert (rows["crop_scale"] == 0.5).all() and samples.attributes["pixel_size_um"] == 1.0
    samples, rows, _ = read(tmp_path, {**source, "zoom": 2.0, "group": "object"})
    assert (rows["crop_scale"] == 2).all() and samples.attributes["pixel_size_um"] == 0.25
    assert (rows["group"] == rows["id"]).all() and rows["crop_clipped"].any()


def test_counts_of_clipped_and_border_objects_are_in_the_table(tmp_path):
    source = write_fields(tmp_path, n=1)
    mask = tmp_path / "masks" / "field0.tif"
    labels = tifffile.imread(mask)
    labels[:4, :10] = 99
    tifffile.imwrite(mask, labels)
    _, rows, (report,) = read(tmp_path, source, size=16)
    counts = {finding.code: int(finding.value) for finding in report.findings}
    assert counts["crop_clipped"] == rows["crop_clipped"].sum() > 0
    assert counts["touches_border"] == 1 and rows["touches_border"].sum() == 1
    _, rows, (report,) = read(tmp_path, source, border="drop")
    assert len(rows) == 12 and codes([report])[0] == "left_out"


def rewrite_mask(folder: Path, change) -> None:
    file = folder / "masks" / "field1.tif"
    tifffile.imwrite(file, change(tifffile.imread(file)))


def rewrite_image(folder: Path, change, **options) -> None:
    file = folder / "images" / "field1.ome.tif"
    tifffile.imwrite(file, change(tifffile.imread(file)), **options)


BAD_PAIRS = {
    "image_without_mask": lambda f: (f / "masks" / "field1.tif").unlink(),
    "mask_without_image": lambda f: (f / "images" / "field1.ome.tif").unlink(),
    "different_shapes": lambda f: rewrite_mask(f, lambda m: m[:-1]),
    "binary_mask": lambda f: rewrite_mask(f, lambda m: (255 * (m > 0)).astype(np.uint8)),
    "not_a_mask": lambda f: rewrite_mask(f, lambda m: m + np.float32(0.5)),
    "channels_differ": lambda f: rewrite_image(
        f, lambda i: np.stack([i] * 2), metadata={"axes": "CYX"}
    ),
    "stack": lambda f: rewrite_image(f, lambda i: np.stack([i] * 3), metadata={"axes": "ZYX"}),
    "unknown_pages": lambda f: rewrite_image(
        f, lambda i: np.stack([i] * 2), metadata={"axes": "QYX"}
    ),
    "unreadable": lambda f: (f / "images" / "field1.ome.tif").write_bytes(b"II*"),
    "pixel_not_square": lambda f: rewrite_image(
        f,
        lambda i: i,
        metadata={"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 2.0},
    ),
}


@pytest.mark.parametrize("code", BAD_PAIRS)
def test_a_bad_image_stops_by_name_or_is_left_out(tmp_path, code):
    source = write_fields(tmp_path)
    for i in range(3):  # plain greyscale, so that one channel axis more is told apart
        file = tmp_path / "images" / f"field{i}.ome.tif"
        tifffile.imwrite(file, tifffile.imread(file).squeeze(), metadata={"axes": "YX"})
    BAD_PAIRS[code](tmp_path)
    with pytest.raises(InputError, match=r"field1.*; .*set on_bad_input to skip"):
        read(tmp_path, source)
    _, rows, reports = read(tmp_path, source, skip=True)
    assert len(rows) == 24 and code in codes(reports)
    assert [r.verdict for r in reports] == ["ok", "refused", "ok"]


def test_masks_are_found_by_their_suffix(tmp_path):
    source = write_fields(tmp_path, n=2)
    for file in (tmp_path / "masks").iterdir():
        file.rename(file.with_stem(f"{file.stem}_mask"))
    _, rows, _ = read(tmp_path, {**source, "mask_suffix": "_mask"})
    assert len(rows) == 24
    for file in (tmp_path / "images").iterdir():
        file.rename(tmp_path / "masks" / file.name)
    together = {"images": source["masks"], "masks": source["masks"], "mask_suffix": "_mask"}
    assert len(read(tmp_path, together)[1]) == 24
    with pytest.raises(InputError, match=r"no images .* whose names end with '_m'"):
        read(tmp_path, {**together, "mask_suffix": "_m"})


def test_different_pixel_sizes_want_a_common_one(tmp_path):
    one, two = write_fields(tmp_path / "a", n=1), write_fields(tmp_path / "b", n=1, pixel_um=0.25)
    Path(two["images"], "field0.ome.tif").rename(Path(two["images"], "other.ome.tif"))
    Path(two["masks"], "field0.tif").rename(Path(two["masks"], "other.tif"))
    with pytest.raises(InputError, match=r"0\.25 to 0\.5 um wide; set `pixel_um`"):
        read(tmp_path, one, two)
    samples, rows, _ = read(tmp_path, one, two, pixel_um=0.5)
    assert sorted(rows["crop_scale"].unique()) == [0.5, 1.0]
    assert samples.attributes["pixel_size_um"] == 0.5


def test_two_objects_never_share_an_id(tmp_path):
    file = write_crops(tmp_path / "crops.h5")
    with pytest.raises(InputError, match="both have an object 'cell000'"):
        read(tmp_path, {"arrays": str(file)}, {"arrays": str(file)})


def test_masks_are_stored_only_if_all_sources_have_them(tmp_path):
    crops, pairs = write_crops(tmp_path / "crops.h5", mask=False), write_fields(tmp_path)
    samples, _, reports = read(tmp_path, {"arrays": str(crops)}, pairs)
    assert samples.mask is None and "masks_left_out" in codes(reports)


PICTURES = {
    "grey8.png": (lambda f: Image.fromarray(X[0, 0]).save(f), X[:1, 0]),
    "grey16.png": (
        lambda f: Image.fromarray(X[0, 0].astype(np.uint16) * 200).save(f),
        X[:1, 0].astype(np.uint16) * 200,
    ),
    "rgb.png": (
        lambda f: Image.fromarray(np.stack([X[i, 0] for i in range(3)], axis=2)).save(f),
        X[:3, 0],
    ),
    "yxc.tif": (lambda f: tifffile.imwrite(f, X[0].transpose(1, 2, 0)), X[0]),
    "cyx.tif": (lambda f: tifffile.imwrite(f, X[0], metadata={"axes": "CYX"}), X[0]),
    "float.tif": (lambda f: tifffile.imwrite(f, X[0, 0] / 255.0), X[:1, 0] / 255.0),
    "one_z.tif": (
        lambda f: tifffile.imwrite(f, X[:1, 0][None], metadata={"axes": "TZYX"}),
        X[:1, 0],
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_kind_of_picture_has_its_channels_first(tmp_path, name):
    write, expected = PICTURES[name]
    write(tmp_path / name)
    picture = read_image(tmp_path / name)
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.dtype == expected.dtype


def test_imagej_files_tell_their_pixel_size(tmp_path):
    tifffile.imwrite(
        tmp_path / "x.tif",
        X[0],
        imagej=True,
        resolution=(4, 4),
        metadata={"unit": "um", "axes": "CYX"},
    )
    assert read_image(tmp_path / "x.tif").pixel_size_um == 0.25


def test_pages_are_channels_if_the_user_names_them(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", X[0], metadata=None)
    assert read_image(tmp_path / "x.tif", ["a", "b"]).pixels.shape == X[0].shape
