"""Large images are read by windows, and give what they give when they are read as a whole."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr

from cell_sources import codes, read
from morphoflow.cells.reading import parts
from morphoflow.cells.shapes import source
from morphoflow.errors import InputError
from morphoflow.images import windowed
from morphoflow.images.images import open_image, read_image
from synthetic_cells import field

SHAPE = (160, 1600)


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A field of many discs, of which some touch, lie at the border or in several pieces."""
    image, labels = field(SHAPE, channels=2, n=60)
    labels[100:130, 760:770] = 500
    labels[130:150, 760:775] = 501
    labels[:12, 200:214] = 502
    labels[112, 1217] = labels[100, 1200] = 503
    labels[105:118, 1200:1215] = 503
    return image, labels


def write_tiled(folder: Path, image: np.ndarray, labels: np.ndarray) -> dict:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    options = {"tile": (64, 64), "compression": "zlib"}
    tifffile.imwrite(folder / "images" / "slide.tif", image, metadata={"axes": "CYX"}, **options)
    tifffile.imwrite(folder / "masks" / "slide.tif", labels, **options)
    return {"images": str(folder / "images"), "masks": str(folder / "masks")}


def write_zarr(
    file: Path, x: np.ndarray, names: list[str] | None = None, um: float | None = None
) -> None:
    """An image (c, h, w) as OME-Zarr of version 0.4 with two levels."""
    group = zarr.open_group(file, mode="w", zarr_format=2)
    levels = [x, x[:, ::2, ::2]]
    for k, level in enumerate(levels):
        group.create_array(str(k), data=level, chunks=(1, 64, 64))
    unit = {"unit": "micrometer"} if um else {}
    scales = [[1.0, 2.0**k * (um or 1), 2.0**k * (um or 1)] for k in range(2)]
    axes = [{"name": "c", "type": "channel"}, {"name": "y", **unit}, {"name": "x", **unit}]
    datasets = [
        {"path": str(k), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for k, scale in enumerate(scales)
    ]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    if names:
        group.attrs["omero"] = {"channels": [{"label": name} for name in names]}


@pytest.fixture
def by_tiles(monkeypatch):
    """Makes the reading of whatever follows go by tiles of 128 pixels."""

    def begin() -> None:
        monkeypatch.setattr(windowed, "WHOLE", 1 << 14)
        monkeypatch.setattr(parts, "TILE", 128)

    return begin


SETTINGS = [
    {},
    {"scale": "object", "range": "object", "centre": "intensity", "border": "drop"},
    {"background": "keep", "range": "image", "percentiles": [0, 100]},
    {"background": "median"},
    {"range": "dataset", "min_area": 150},
]


@pytest.mark.parametrize("changed", SETTINGS)
def test_crops_by_tiles_are_those_of_the_whole(tmp_path, by_tiles, changed):
    pair = write_tiled(tmp_path, *scene())
    (tmp_path / "whole").mkdir()
    crops, rows, reports = read(tmp_path / "whole", pair, **changed)
    by_tiles()
    tiled, its_rows, its_reports = read(tmp_path, pair, **changed)
    order = [list(tiled.ids).index(name) for name in crops.ids]
    assert len(order) == len(tiled.ids) >= 50
    np.testing.assert_array_equal(tiled.mask[:][order], crops.mask[:])
    exact = changed.get("range") not in ("dataset", "image")
    difference = np.abs(tiled.x[:][order] - crops.x[:]).max()
    assert difference < (1e-6 if exact else 0.02)
    alike = rows.drop(columns=["digest"])
    its_rows = its_rows.iloc[order].reset_index(drop=True).drop(columns=["digest"])
    pd.testing.assert_frame_equal(its_rows, alike)
    assert sorted(codes(its_reports)) == sorted(codes(reports))


def test_features_by_tiles_are_those_of_the_whole(tmp_path, by_tiles):
    pair = write_tiled(tmp_path, *scene())
    crops, rows, _ = read(tmp_path, pair)
    features, names = source.measure_sources([pair], crops, rows)
    by_tiles()
    by_tile, same = source.measure_sources([pair], crops, rows)
    assert same == names and len(names) > 100
    np.testing.assert_allclose(by_tile, features, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{"tile": (64, 64), "compression": "zlib"}, {}, {"rowsperstrip": 8}]
)
def test_a_large_image_is_not_read_as_a_whole(tmp_path, by_tiles, options):
    image, _ = scene()
    tifffile.imwrite(tmp_path / "slide.tif", image, metadata={"axes": "CYX"}, **options)
    by_tiles()
    with open_image(tmp_path / "slide.tif") as picture:
        assert not isinstance(picture.pixels, np.ndarray)
        assert picture.pixels.shape == image.shape and picture.pixels.dtype == image.dtype
        np.testing.assert_array_equal(picture.pixels[1:, 9:140:3, 7:90], image[1:, 9:140:3, 7:90])
    np.testing.assert_array_equal(read_image(tmp_path / "slide.tif").pixels, image)


@pytest.mark.parametrize("tiled", [False, True])
def test_ome_zarr_is_an_image_with_names_and_a_pixel_size(tmp_path, by_tiles, tiled):
    image, labels = scene()
    pair = write_tiled(tmp_path / "tiff", image, labels)
    for kind in ("images", "masks"):
        (tmp_path / "zarr" / kind).mkdir(parents=True)
    write_zarr(tmp_path / "zarr/images/slide.ome.zarr", image, ["dna", "actin"], um=0.25)
    write_zarr(tmp_path / "zarr/masks/slide.zarr", labels[None])
    (tmp_path / "tiff/out").mkdir()
    expected = read(tmp_path / "tiff/out", pair)[0]
    if tiled:
        by_tiles()
    stores = {kind: str(tmp_path / "zarr" / kind) for kind in ("images", "masks")}
    samples, rows, _ = read(tmp_path, stores)
    order = [list(samples.ids).index(name) for name in expected.ids]
    np.testing.assert_array_equal(samples.x[:][order], expected.x[:])
    assert samples.attributes["channels"] == ["dna", "actin"]
    assert set(rows["pixel_size_um"]) == {0.25}


def test_the_largest_level_of_a_pyramid_is_read(tmp_path):
    rng = np.random.default_rng(0)
    slide = rng.integers(0, 255, (512, 640, 3)).astype(np.uint8)
    with tifffile.TiffWriter(tmp_path / "ome.ome.tif") as writer:
        options = {"tile": (64, 64), "photometric": "rgb"}
        writer.write(slide, subifds=1, metadata={"axes": "YXS"}, **options)
        writer.write(slide[::2, ::2], subfiletype=1, **options)
    aperio = "Aperio Image Library v12\n640x512 [0,0 640x512] (64x64) |AppMag = 20|MPP = 0.5020"
    with tifffile.TiffWriter(tmp_path / "slide.svs") as writer:
        options = {"tile": (64, 64), "photometric": "rgb", "metadata": None}
        writer.write(slide, description=aperio, **options)
        writer.write(slide[::4, ::4], photometric="rgb", metadata=None, description=aperio)
        writer.write(slide[::2, ::2], description=aperio, **options)
    for name, um in (("ome.ome.tif", None), ("slide.svs", 0.502)):
        picture = read_image(tmp_path / name)
        np.testing.assert_array_equal(picture.pixels, np.moveaxis(slide, 2, 0))
        assert picture.channels == ["red", "green", "blue"] and picture.pixel_size_um == um


def test_objects_larger_than_a_tile_are_named(tmp_path, by_tiles):
    image, labels = scene()
    labels[5, :399] = 900
    pair = write_tiled(tmp_path, image, labels)
    by_tiles()
    with pytest.raises(InputError, match="the label 900 reaches over 399 pixels"):
        read(tmp_path, pair)


@pytest.mark.parametrize("changed", SETTINGS)
def test_a_large_image_without_objects_is_noted_as_a_small_one_is(tmp_path, by_tiles, changed):
    image, labels = scene()
    pair = write_tiled(tmp_path, image, labels)
    options = {"tile": (64, 64), "metadata": {"axes": "CYX"}}
    tifffile.imwrite(tmp_path / "images" / "void.tif", image, **options)
    tifffile.imwrite(tmp_path / "masks" / "void.tif", np.zeros_like(labels), tile=(64, 64))
    by_tiles()
    _, rows, reports = read(tmp_path, pair, **changed)
    assert set(rows["image"]) == {"slide"}
    assert codes(reports[1:]) == ["no_objects"]


def test_pieces_of_a_large_image_are_not_numbered_anew(tmp_path, by_tiles):
    pair = write_tiled(tmp_path, *scene())
    by_tiles()
    with pytest.raises(InputError, match="set `pieces` to largest or keep"):
        read(tmp_path, pair, pieces="split")


def test_a_folder_that_is_no_image_is_refused(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w")
    with pytest.raises(Exception, match="no OME-Zarr image"):
        read_image(tmp_path / "a.zarr")
