"""Frames, pixel sizes, somata and white points: what is read is what the file holds."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from morphoflow.dendrites.movies.movie import write_mp4
from morphoflow.dendrites.reading.crop import area_weights, cut, find_soma, resample, squares
from morphoflow.dendrites.reading.files import ImageFile, list_files
from morphoflow.dendrites.reading.frames import open_frames
from morphoflow.dendrites.reading.reading import picture, read_images, to_bytes
from morphoflow.reading.findings import Refused
from synthetic_dendrites import SETTINGS, neuron, save_png

MOVIE = np.random.default_rng(0).integers(0, 4000, (3, 4, 20, 30)).astype(np.uint16)
WRITERS = {
    "ome": {"ome": True, "metadata": {"axes": "TZYX", "PhysicalSizeX": 0.2, "PhysicalSizeY": 0.2}},
    "imagej": {"imagej": True, "metadata": {"axes": "TZYX", "unit": "um"}, "resolution": (5, 5)},
}


def read(path, frame="first"):
    with open_frames(path) as frames:
        return picture(frames, frame)


@pytest.mark.parametrize("writer", WRITERS)
def test_frames_are_times_each_projected_over_depth(tmp_path, writer):
    path = tmp_path / ("m.ome.tif" if writer == "ome" else "m.tif")
    tifffile.imwrite(path, MOVIE, **WRITERS[writer])
    over_depth = MOVIE.max(axis=1)
    for frame, number in (("first", 0), ("last", 2), (1, 1)):
        found, name = read(path, frame)
        np.testing.assert_array_equal(found, over_depth[number])
        assert name == f"frame{number}"
    np.testing.assert_array_equal(read(path, "max")[0], MOVIE.max(axis=(0, 1)))
    np.testing.assert_allclose(read(path, "mean")[0], over_depth.mean(axis=0), rtol=1e-6)
    with open_frames(path) as frames:
        assert frames.pixel_um == pytest.approx(0.2)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_plain_pages_are_frames_and_one_page_has_no_number(tmp_path, compression):
    pages = MOVIE[:, 0]
    tifffile.imwrite(tmp_path / "m.tif", pages, photometric="minisblack", compression=compression)
    np.testing.assert_array_equal(read(tmp_path / "m.tif", 2)[0], pages[2])
    tifffile.imwrite(tmp_path / "one.tif", pages[0].astype(">f4"))
    found, name = read(tmp_path / "one.tif", "last")
    np.testing.assert_array_equal(found, pages[0])
    assert name is None and found.dtype == np.float32


def test_png_and_jpeg_are_read_and_grey_kept_as_colours_is_grey(tmp_path):
    grey = (neuron(0) // 40).clip(0, 255).astype(np.uint8)
    save_png(tmp_path / "deep.png", neuron(0))
    np.testing.assert_array_equal(read(tmp_path / "deep.png")[0], neuron(0))
    save_png(tmp_path / "rgb.png", np.stack([grey] * 3, axis=2))
    np.testing.assert_array_equal(read(tmp_path / "rgb.png")[0], grey)
    nothing = np.zeros_like(grey)
    for name, planes in {
        "green": [nothing, grey, nothing],
        "magenta": [grey, nothing, grey],
    }.items():
        save_png(tmp_path / f"{name}.png", np.stack(planes, axis=2))
        np.testing.assert_array_equal(read(tmp_path / f"{name}.png")[0], grey)
    Image.fromarray(grey).save(tmp_path / "g.jpg", quality=95)
    assert np.abs(read(tmp_path / "g.jpg")[0] - grey.astype(float)).mean() < 5


@pytest.mark.parametrize("frame", [3, 99])
def test_a_frame_that_is_not_there_is_refused(tmp_path, frame):
    tifffile.imwrite(tmp_path / "m.tif", MOVIE[:, 0], photometric="minisblack")
    with pytest.raises(Refused, match=f"frame {frame} is asked of frames 0 to 2"):
        read(tmp_path / "m.tif", frame)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["imagej", "pages", "png", "jpg"])
def test_a_truncated_file_is_refused(tmp_path, kind, share):
    path = tmp_path / {"png": "a.png", "jpg": "a.jpg"}.get(kind, "a.tif")
    noise = np.random.default_rng(1).integers(0, 256, (3, 200, 220)).astype(np.uint8)
    if path.suffix == ".tif":
        pages = noise.astype(np.uint16)
        tifffile.imwrite(path, pages, imagej=kind == "imagej", photometric="minisblack")
    else:
        Image.fromarray(noise[0]).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(Refused) as refused:
        read(path, "last")
    assert refused.value.finding.code == "unreadable"


def test_light_is_kept_when_pixels_change_their_size():
    frame = np.random.default_rng(2).random((64, 48)).astype(np.float32)
    quarter = resample(frame, 0.25)
    np.testing.assert_allclose(quarter, frame.reshape(16, 4, 12, 4).mean(axis=(1, 3)), rtol=1e-5)
    assert resample(frame, 0.37).mean() == pytest.approx(frame[:62, :46].mean(), rel=0.02)
    np.testing.assert_allclose(resample(np.ones((9, 7)), 2.6), 1, rtol=1e-6)
    ramp = np.arange(10.0)  # at twice the size a ramp stays a ramp, half a pixel apart
    np.testing.assert_allclose(np.diff(area_weights(10, 2) @ ramp)[1:-1], 0.5, rtol=1e-5)


@pytest.mark.parametrize("size", [96, 300])
@pytest.mark.parametrize("place", [(0.2, 0.7), (0.5, 0.5), (0.85, 0.3), (0.12, 0.12)])
def test_the_soma_is_found_wherever_it_lies(size, place):
    soma = (place[0] * size, place[1] * size * 1.2)
    frame = neuron(3, size, int(size * 1.2), soma).astype(np.float32)
    frame[int(0.6 * size), int(0.9 * size)] = 65535  # a hot pixel
    frame[: size // 12, -size // 3 :] += 3000  # light at the edge, as bright as a dendrite
    found = find_soma(frame)
    assert np.hypot(*np.subtract(found, soma)) < 0.03 * size
    turned = find_soma(frame[::-1, ::-1].copy())
    np.testing.assert_allclose(np.add(found, turned), np.subtract(frame.shape, 1), atol=0.02 * size)


def test_tiles_cover_the_middle_once_and_squares_beyond_the_frame_are_marked():
    frame = np.arange(70 * 50, dtype=np.float32).reshape(70, 50)
    found = squares(frame, "tiles", 16)
    values = np.concatenate([cut(frame, square, 16)[0].ravel() for square in found])
    assert len(found) == 12 and len(np.unique(values)) == 12 * 256
    (square,) = squares(frame, "centre", 80)
    pixels, inside = cut(frame, square, 80)
    np.testing.assert_array_equal(pixels[inside], frame.ravel())
    assert not pixels[~inside].any() and inside.sum() == frame.size


def test_an_image_does_not_know_the_depth_gain_or_offset_of_its_camera(tmp_path):
    counts = neuron(4)
    save_png(tmp_path / "deep.png", counts)
    tifffile.imwrite(tmp_path / "gain.tif", (counts * 0.37 + 55).astype(np.float32))
    source = {"frame": "first", "crop": "soma", "offset": 0, "group": "file", "invert": False}
    deep, gain = (
        next(read_images(ImageFile(tmp_path / name, "n", name), source, SETTINGS, []))
        for name in ("deep.png", "gain.tif")
    )
    assert np.abs(deep.pixels.astype(int) - gain.pixels).max() <= 1
    assert deep.pixels.min() == 0 and deep.pixels.max() == 255
    assert deep.row["soma_row_px"] == gain.row["soma_row_px"]


@pytest.mark.parametrize("seed", range(3))
def test_dark_neurons_on_light_are_refused_and_read_inverted(tmp_path, seed):
    counts = neuron(seed)
    noisy = np.random.default_rng(seed).poisson(counts / 200)
    for name, pixels in {"plain.tif": counts, "noisy.tif": noisy.astype(np.uint16)}.items():
        tifffile.imwrite(tmp_path / name, pixels)
        tifffile.imwrite(tmp_path / f"dark_{name}", pixels.max() - pixels)
        source = {"frame": "first", "crop": "soma", "offset": 0, "group": "file", "invert": False}
        light, dark = (ImageFile(tmp_path / n, "n", n) for n in (name, f"dark_{name}"))
        (expected,) = read_images(light, source, SETTINGS, [])
        with pytest.raises(Refused, match="dark lines"):
            list(read_images(dark, source, SETTINGS, []))
        (found,) = read_images(dark, {**source, "invert": True}, SETTINGS, [])
        difference = found.pixels.astype(int) - expected.pixels
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("frame", ["first", "last", "max"])
def test_depth_without_time_is_projected_and_a_number_is_a_plane(tmp_path, frame):
    depths = MOVIE[0]
    tifffile.imwrite(tmp_path / "z.tif", depths, imagej=True, metadata={"axes": "ZYX"})
    np.testing.assert_array_equal(read(tmp_path / "z.tif", frame)[0], depths.max(axis=0))
    np.testing.assert_array_equal(read(tmp_path / "z.tif", 2)[0], depths[2])


def test_the_whole_image_of_a_file_with_reductions_is_read(tmp_path):
    image = neuron(0)
    with tifffile.TiffWriter(tmp_path / "pyramid.tif") as writer:
        writer.write(image, subifds=1, tile=(32, 32))
        writer.write(image[::2, ::2], subfiletype=1, tile=(32, 32))
    with tifffile.TiffWriter(tmp_path / "thumbnail.tif") as writer:
        writer.write(image)
        writer.write(image[::8, ::8], subfiletype=1)
    for name in ("pyramid.tif", "thumbnail.tif"):
        np.testing.assert_array_equal(read(tmp_path / name)[0], image)


def test_ome_zarr_is_read_as_one_image_with_its_pixel_size(tmp_path):
    store = tmp_path / "plate" / "a.ome.zarr"
    group = zarr.open_group(store, mode="w", zarr_format=2)
    group.create_array("0", data=MOVIE)
    axes = [{"name": axis, "unit": "micrometer"} for axis in "tzyx"]
    scale = {"type": "scale", "scale": [1, 1, 0.2, 0.2]}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    (file,) = list_files({"images": str(tmp_path / "plate")})
    assert file.id == "a" and list_files({"images": str(store)}) == [file]
    np.testing.assert_array_equal(read(store, 1)[0], MOVIE[1].max(axis=0))
    with open_frames(store) as frames:
        assert frames.pixel_um == pytest.approx(0.2)


def test_a_jpeg_of_printed_colours_is_read_as_the_grey_that_it_shows(tmp_path):
    grey = (neuron(0) // 40).clip(0, 255).astype(np.uint8)
    Image.fromarray(np.stack([grey] * 3, axis=-1)).convert("CMYK").save(
        tmp_path / "print.jpg", quality=95
    )
    found, _ = read(tmp_path / "print.jpg")
    assert np.abs(found - grey).mean() < 3


def test_it_is_said_where_one_frame_of_several_is_read(tmp_path):
    tifffile.imwrite(tmp_path / "m.tif", np.stack([neuron(0)] * 3), photometric="minisblack")
    file = ImageFile(tmp_path / "m.tif", "m", "m.tif")
    source = {"crop": "soma", "offset": 0, "group": "file", "invert": False}
    for frame, codes in (
        ("first", ["one_of_several_frames"]),
        (1, ["one_of_several_frames"]),
        ("max", []),
    ):
        notes = []
        list(read_images(file, {**source, "frame": frame}, SETTINGS, notes))
        assert [finding.code for finding in notes] == codes


def test_images_are_brought_to_the_pixel_size_that_is_asked_for(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        neuron(5, 192, 192),
        imagej=True,
        metadata={"unit": "um"},
        resolution=(5, 5),
    )
    file = ImageFile(tmp_path / "a.tif", "a", "a.tif")
    source = {"frame": "first", "crop": "soma", "offset": 100, "invert": False}
    (image,) = read_images(file, source, {**SETTINGS, "pixel_um": 0.5}, [])
    assert image.row["pixel_um"] == pytest.approx(0.5)
    assert image.row["crop_side_px"] == pytest.approx(160)
    own = {**source, "pixel_um": 0.25}  # the user outranks the file
    (image,) = read_images(file, own, {**SETTINGS, "pixel_um": 0.5}, [])
    assert image.row["crop_side_px"] == pytest.approx(128)
    with pytest.raises(Refused, match="48 x 48 pixels, once resampled"):
        list(read_images(file, source, {**SETTINGS, "pixel_um": 0.8}, []))
    with pytest.raises(Refused, match=r"0\.6 um wide and not 0\.5"):
        list(read_images(file, {**source, "crop": "whole"}, {**SETTINGS, "pixel_um": 0.5}, []))


def test_white_and_black_are_the_percentiles_and_rounding_is_to_the_nearest():
    bytes_ = to_bytes(np.float32([0, 10, 10.9, 11.1, 520, 900]), 10, 520)
    assert bytes_.tolist() == [0, 0, 0, 1, 255, 255]


PLAIN = {"frame": "first", "crop": "soma", "offset": 0, "group": "file", "invert": False}


def one_image(path, notes=None, **options):
    file = ImageFile(path, path.stem, path.name)
    (image,) = read_images(file, {**PLAIN, **options}, SETTINGS, [] if notes is None else notes)
    return image.pixels


@pytest.mark.parametrize("axes", ["CYX", "TCYX", "CZYX", "YXS"])
def test_the_channel_that_is_named_is_read(tmp_path, axes):
    planes = np.stack([neuron(0), neuron(1), neuron(2)]) // 40
    planes = planes.clip(0, 255).astype(np.uint8)
    shaped = {"YXS": np.moveaxis(planes, 0, 2), "TCYX": planes[None], "CZYX": planes[:, None]}
    stack = shaped.get(axes, planes)
    colours = {"photometric": "rgb" if axes == "YXS" else "minisblack"}
    tifffile.imwrite(tmp_path / "m.ome.tif", stack, metadata={"axes": axes}, **colours)
    tifffile.imwrite(tmp_path / "plain.tif", planes[1])
    expected = one_image(tmp_path / "plain.tif")
    np.testing.assert_array_equal(one_image(tmp_path / "m.ome.tif", channel=1), expected)
    with pytest.raises(Refused, match=r"3 channels|colour"):
        one_image(tmp_path / "m.ome.tif")
    with pytest.raises(Refused, match="channel 3 is asked of 3"):
        one_image(tmp_path / "m.ome.tif", channel=3)


def test_a_colour_of_a_png_is_read_where_it_is_named(tmp_path):
    red, green = ((neuron(k) // 40).clip(0, 255).astype(np.uint8) for k in (0, 1))
    save_png(tmp_path / "rgb.png", np.stack([red, green, np.zeros_like(red)], axis=2))
    save_png(tmp_path / "green.png", green)
    with pytest.raises(Refused, match="colour"):
        one_image(tmp_path / "rgb.png")
    expected = one_image(tmp_path / "green.png")
    np.testing.assert_array_equal(one_image(tmp_path / "rgb.png", channel=1), expected)


@pytest.mark.parametrize("side", [0, 1])
def test_values_that_are_not_finite_are_refused_or_filled(tmp_path, side):
    counts = neuron(6).astype(np.float32)
    border = np.moveaxis(counts.copy(), side, 0)
    border[:3] = np.nan
    border[-1] = np.inf
    tifffile.imwrite(tmp_path / "whole.tif", counts)
    tifffile.imwrite(tmp_path / "nan.tif", np.moveaxis(border, 0, side))
    with pytest.raises(Refused, match="not finite"):
        one_image(tmp_path / "nan.tif")
    found, expected = (
        one_image(tmp_path / name, crop="centre", **options)
        for name, options in {"nan.tif": {"fill": True}, "whole.tif": {}}.items()
    )
    assert np.abs(found.astype(int) - expected).max() <= 1
    tifffile.imwrite(tmp_path / "all.tif", np.full_like(counts, np.nan))
    with pytest.raises(Refused, match="not finite"):
        one_image(tmp_path / "all.tif", fill=True)


@pytest.mark.parametrize("ending", ["avi", "mp4"])
def test_compressed_movies_are_read_frame_by_frame(tmp_path, ending):
    frames = [(neuron(k) // 40).clip(0, 255).astype(np.uint8) for k in range(4)]
    write_mp4(tmp_path / "m.mp4", frames, 100)
    path = tmp_path / f"m.{ending}"
    if ending == "avi":
        convert = ["-i", str(tmp_path / "m.mp4"), "-c:v", "mjpeg", "-q:v", "2", str(path)]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *convert], check=True)
    for frame, number in (("first", 0), (2, 2), ("last", 3)):
        found, name = read(path, frame)
        assert name == f"frame{number}" and found.shape == frames[0].shape
        assert np.abs(found - frames[number]).mean() < 4
    notes = []
    one_image(path, notes)
    assert [note.code for note in notes] == ["one_of_several_frames"]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Refused):
        read(path)


def test_a_coloured_movie_is_refused_or_read_by_its_channel(tmp_path):
    grey = (neuron(0) // 40).clip(0, 255).astype(np.uint8)
    save_png(tmp_path / "c.png", np.stack([grey // 4, grey, grey // 8], axis=2))
    convert = ["-i", str(tmp_path / "c.png"), "-c:v", "ffv1", str(tmp_path / "c.avi")]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *convert], check=True)
    with pytest.raises(Refused, match="colour"):
        read(tmp_path / "c.avi")
    with open_frames(tmp_path / "c.avi", 1) as frames:
        assert np.abs(frames.read(0).astype(int) - grey).max() <= 2
