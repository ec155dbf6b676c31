"""The frames of an image or movie, read one at a time: TIFF, OME-TIFF, PNG, JPEG and ND2."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
import zarr

from morphoflow.images.images import read_image
from morphoflow.images.intensity import check_type
from morphoflow.images.listing import TIFF
from morphoflow.images.metadata import read_metadata
from morphoflow.images.tiff import open_tiff
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
def open_frames(file: Path) -> Iterator[Frames]:
    """Open an image file; frames are read while it is open.

    Raises Refused for damaged files, colours, several channels and axes of unknown meaning.
    """
    opener = _open_plain
    if file.suffix.lower() in TIFF:
        opener = _open_tiff
    elif file.suffix.lower() == ".nd2":
        opener = _open_nd2
    with refusing(), opener(file) as frames:
        yield frames


@contextmanager
def _open_plain(file: Path) -> Iterator[Frames]:
    pixels = read_image(file).pixels
    yield Frames(lambda _: grey(pixels), "", (), None)


@contextmanager
def _open_tiff(file: Path) -> Iterator[Frames]:
    with open_tiff(file) as tiff:
        if len(tiff.series) != 1:
            count = len(tiff.series)
            raise Refused("several_images", f"it holds {count} images of different kinds")
        if _is_cut_short(tiff):
            raise Refused("unreadable", "it ends before its last frame")
        _, pixel_um = read_metadata(tiff)
        series = tiff.series[0]
        plane = series.size // max(1, math.prod(series.shape[:-2]))
        check_size(plane * series.dtype.itemsize, "one frame", file.name)
        array = zarr.open_array(series.aszarr(chunkmode="page"), mode="r")
        yield _by_number(lambda index: array[index], array.shape, series.axes, pixel_um)


@contextmanager
def _open_nd2(file: Path) -> Iterator[Frames]:
    with open_nd2(file) as opened:
        yield _by_number(opened.read, opened.shape, opened.axes, opened.pixel_um)


def _by_number(
    read: Callable[[tuple], np.ndarray], shape: tuple[int, ...], axes: str, pixel_um: float | None
) -> Frames:
    """Frames of an array of which ``read`` gives a part; its last axes are Y, X and perhaps S."""
    channels = [n for n, axis in zip(shape, axes, strict=True) if axis == "C" and n > 1]
    if channels:
        raise Refused("channels", f"it has {channels[0]} channels", value=str(channels[0]))
    plane = "YXS" if axes.endswith("YXS") else "YX"
    leading = axes.removesuffix(plane)
    counts = shape[: len(leading)]
    strange = [a for a, n in zip(leading, counts, strict=True) if n > 1 and a not in FRAME_AXES]
    if "P" in strange:
        raise Refused(
            "several_images", f"it holds the positions of a stage (axes {axes})", value=axes
        )
    if strange or not axes.endswith(plane):
        raise Refused("unknown_axes", f"its axes are {axes}, of {shape}", value=axes)

    def read_number(number: int) -> np.ndarray:
        pixels = np.asarray(read(np.unravel_index(number, counts) if counts else ()))
        return grey(np.moveaxis(pixels, 2, 0) if plane == "YXS" else pixels[None])

    return Frames(read_number, leading, counts, pixel_um)


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


@dataclass(frozen=True)
class Nd2Array:
    """An open movie; ``read`` gives the frame at an index of the axes before Y."""

    read: Callable[[tuple], np.ndarray]
    shape: tuple[int, ...]
    axes: str
    pixel_um: float | None


@contextmanager
def open_nd2(file: Path) -> Iterator[Nd2Array]:
    """Open a movie; raises Refused without the package, and for pixels that are not square."""
    try:
        import nd2
    except ImportError:
        raise Refused("no_reader", "ND2 files need the package nd2") from None
    with nd2.ND2File(file) as movie:
        axes, shape = "".join(movie.sizes), tuple(movie.sizes.values())
        counts = shape[: axes.index("Y")]

        def read(index: tuple) -> np.ndarray:
            return movie.read_frame(int(np.ravel_multi_index(index, counts)) if counts else 0)

        yield Nd2Array(read, shape, axes, _pixel_um(movie))


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
