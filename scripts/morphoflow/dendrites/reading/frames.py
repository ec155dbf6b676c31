"""The frames of an image or movie one at a time: TIFF, OME-Zarr, PNG, JPEG, ND2, AVI, MP4."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
import zarr

from morphoflow.dendrites.reading.compressed import MOVIES, decoded
from morphoflow.images.images import RGB, read_image
from morphoflow.images.intensity import check_type
from morphoflow.images.listing import TIFF, ZARR
from morphoflow.images.metadata import read_metadata, square
from morphoflow.images.tiff import only_image, open_tiff
from morphoflow.images.windowed import zarr_image
from morphoflow.reading.findings import Refused
from morphoflow.reading.guard import check_size, refusing

FRAME_AXES = "TZQIR"


@dataclass(frozen=True)
class Frames:
    """Grey frames (h, w) by number, in the order of ``axes`` (such as TZ) with their ``counts``."""

    read: Callable[[int], np.ndarray]
    axes: str
    counts: tuple[int, ...]
    pixel_um: float | None

    def __len__(self) -> int:
        return math.prod(self.counts)


@contextmanager
def open_frames(file: Path, channel: int | None = None) -> Iterator[Frames]:
    """Open an image file; frames are read while it is open.

    ``channel`` from 0 is chosen of several channels or colours. Raises Refused for damaged files,
    axes of unknown meaning, a channel that is not there and, where none is named, several.
    """
    opener = _open_plain
    if file.suffix.lower() in TIFF:
        opener = _open_tiff
    elif file.suffix.lower() == ZARR:
        opener = _open_zarr
    elif file.suffix.lower() == ".nd2":
        opener = _open_nd2
    elif file.suffix.lower() in MOVIES:
        opener = _open_movie
    with refusing(), opener(file, channel) as frames:
        yield frames


@contextmanager
def _open_plain(file: Path, channel: int | None) -> Iterator[Frames]:
    picture = read_image(file)
    number = len(picture.pixels)
    if channel is None and number > 1 and picture.channels != list(RGB):
        raise Refused("channels", f"it has {number} channels", value=str(number))
    pixels = _chosen(picture.pixels, channel)
    yield Frames(lambda _: grey(pixels), "", (), picture.pixel_size_um)


@contextmanager
def _open_movie(file: Path, channel: int | None) -> Iterator[Frames]:
    pixels = decoded(file, channel)
    yield Frames(lambda number: pixels[number], "T", (len(pixels),), None)


@contextmanager
def _open_tiff(file: Path, channel: int | None) -> Iterator[Frames]:
    with open_tiff(file) as tiff:
        series = only_image(tiff)
        if _is_cut_short(tiff):
            raise Refused("unreadable", "it ends before its last frame")
        _, pixel_um = read_metadata(tiff)
        plane = series.size // max(1, math.prod(series.shape[:-2]))
        check_size(plane * series.dtype.itemsize, "one frame", file.name)
        array = zarr.open_array(series.aszarr(level=0, chunkmode="page"), mode="r")
        whole = Array(lambda index: array[index], array.shape, series.axes, pixel_um)
        yield _by_number(whole, channel)


@contextmanager
def _open_zarr(folder: Path, channel: int | None) -> Iterator[Frames]:
    array, axes, _, sizes = zarr_image(folder)
    check_size(math.prod(array.shape[-2:]) * array.dtype.itemsize, "one frame", folder.name)
    pixel_um = square(sizes.get("x"), sizes.get("y"))
    yield _by_number(Array(lambda index: array[index], array.shape, axes, pixel_um), channel)


@contextmanager
def _open_nd2(file: Path, channel: int | None) -> Iterator[Frames]:
    with open_nd2(file) as opened:
        yield _by_number(opened, channel)


@dataclass(frozen=True)
class Array:
    """An open stack; ``read`` gives the part at an index of its first axes, as tuples give it."""

    read: Callable[[tuple], np.ndarray]
    shape: tuple[int, ...]
    axes: str
    pixel_um: float | None


def _by_number(array: Array, channel: int | None) -> Frames:
    """Frames of an array whose last axes are Y, X and perhaps S; C may stand anywhere before."""
    axes, shape = array.axes, array.shape
    plane = "YXS" if axes.endswith("YXS") else "YX"
    leading = axes.removesuffix(plane)
    place = leading.find("C")
    channels = shape[place] if place >= 0 else 1
    if channels > 1 and channel is None:
        raise Refused("channels", f"it has {channels} channels", value=str(channels))
    frame_axes = leading.replace("C", "")
    counts = tuple(shape[leading.index(axis)] for axis in frame_axes)
    strange = [a for a, n in zip(frame_axes, counts, strict=True) if n > 1 and a not in FRAME_AXES]
    if "P" in strange:
        raise Refused(
            "several_images", f"it holds the positions of a stage (axes {axes})", value=axes
        )
    if strange or not axes.endswith(plane):
        raise Refused("unknown_axes", f"its axes are {axes}, of {shape}", value=axes)
    if plane == "YX":
        _check_channel(channel, channels)

    def read_number(number: int) -> np.ndarray:
        index = [int(i) for i in np.unravel_index(number, counts)] if counts else []
        if place >= 0:
            index.insert(place, channel or 0)
        pixels = np.asarray(array.read(tuple(index)))
        return grey(_chosen(np.moveaxis(pixels, 2, 0), channel) if plane == "YXS" else pixels[None])

    return Frames(read_number, frame_axes, counts, array.pixel_um)


def _check_channel(channel: int | None, number: int) -> None:
    if channel is not None and channel >= number:
        message = f"channel {channel} is asked of {number}, counted from 0"
        raise Refused("channel_absent", message, value=str(channel))


def _chosen(pixels: np.ndarray, channel: int | None) -> np.ndarray:
    """The plane (1, h, w) of pixels (c, h, w) that is asked for, or all."""
    _check_channel(channel, len(pixels))
    return pixels if channel is None else pixels[channel : channel + 1]


def grey(pixels: np.ndarray) -> np.ndarray:
    """One plane (h, w) of pixels (c, h, w) that hold grey, or the shades of one colour."""
    check_type(pixels.dtype, "image")
    lit = [plane for plane in pixels if plane.any()] or [pixels[0]]
    if not all(np.array_equal(plane, lit[0]) for plane in lit[1:]):
        raise Refused("colour", "it is a colour image")
    return lit[0]


def _is_cut_short(tiff: tifffile.TiffFile) -> bool:
    """Whether the chain of pages points to one that the file does not have."""
    layout, handle, page = tiff.tiff, tiff.filehandle, tiff.pages[-1]
    handle.seek(page.offset)
    order = "little" if layout.byteorder == "<" else "big"
    tags = int.from_bytes(handle.read(layout.tagnosize), order)
    handle.seek(page.offset + layout.tagnosize + tags * layout.tagsize)
    return any(handle.read(layout.offsetsize))


# Nikon's ND2 movies, by the optional package nd2 (https://github.com/tlambert03/nd2, BSD).


@contextmanager
def open_nd2(file: Path) -> Iterator[Array]:
    """Open a movie; raises Refused without the package, and for pixels that are not square."""
    try:
        import nd2
    except ImportError:
        raise Refused("no_reader", "ND2 files need the package nd2") from None
    with nd2.ND2File(file) as movie:
        axes, shape = "".join(movie.sizes), tuple(movie.sizes.values())
        leading = axes[: axes.index("Y")]
        counts = [movie.sizes[axis] for axis in leading if axis != "C"]

        def read(index: tuple) -> np.ndarray:
            # A frame of the file holds all channels.
            wanted = dict(zip(leading, index, strict=True))
            channel = wanted.pop("C", None)
            place = tuple(wanted.values())
            frame = movie.read_frame(int(np.ravel_multi_index(place, counts)) if counts else 0)
            return frame if channel is None else frame[channel]

        yield Array(read, shape, axes, _pixel_um(movie))


def _pixel_um(movie) -> float | None:
    """The width of a pixel in um, which the microscope's software marks as measured or not."""
    channels = getattr(movie.metadata, "channels", None)
    if not channels or not all(channels[0].volume.axesCalibrated[:2]):
        return None
    width, height, _ = movie.voxel_size()
    if abs(width - height) > 1e-3 * width:
        raise Refused(
            "pixel_not_square", f"its pixels are {width:g} x {height:g} um", value=f"{width:g}"
        )
    return float(width)
