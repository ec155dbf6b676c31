"""Images of one plane from files of any kind, with what these say of themselves."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image as Pillow

from morphoflow.images import windowed
from morphoflow.images.listing import TIFF, ZARR
from morphoflow.images.metadata import check_partners, read_metadata, square
from morphoflow.images.microscopes import CONVERT, READERS
from morphoflow.images.tiff import only_image, open_tiff
from morphoflow.images.windowed import Pixels, Windowed, has_windows, tiff_array, zarr_image
from morphoflow.reading.findings import Codes, Refused
from morphoflow.reading.guard import check_size, refusing

# What the readers of images refuse, with the remedy.
CODES: Codes = {
    "unreadable": ("refused", "copy the file anew, or export it without compression"),
    "partner_missing": ("refused", "put all files of the set into one folder"),
    "no_reader": ("refused", f"install it with pip, or {CONVERT}"),
    "stack": ("refused", "project or select one plane of one time and save it by itself"),
    "unknown_pages": (
        "refused",
        "save them with the axes CYX, or, if they are channels, name them in `channels`",
    ),
    "unknown_type": ("refused", "save it as uint8, uint16 or float32, or set `range` to dataset"),
    "pixel_not_square": ("refused", "resample the image to square pixels"),
}

MOST_CHANNELS = 16  # more along a channel axis are taken for pixels

RGB = ("red", "green", "blue")  # the names of the channels of a colour image

FEW = 4  # an axis as short as this is taken for channels

# What becomes of the planes of a stack, (z, ...), by the name of the way.
PROJECTIONS = {
    "max": lambda planes: planes.max(axis=0),
    # Rounded, so that whole numbers stay of their type.
    "mean": lambda planes: _rounded(planes.mean(axis=0), planes.dtype),
    "plane": lambda planes: planes[len(planes) // 2],
}


@dataclass(frozen=True)
class Picture:
    """Pixels (c, h, w) of the file's type; channel names and pixel size (um) where stated.

    Pixels are on disk in what :func:`open_image` gives of a large image, and an array otherwise.
    """

    pixels: Pixels
    channels: list[str] | None = None
    pixel_size_um: float | None = None


def read_image(
    file: Path, channels: list[str] | None = None, project: str | None = None
) -> Picture:
    """Read one image; ``channels`` are names that the user gave.

    ``project`` is the name of one of PROJECTIONS, by which planes of one depth become one. Raises
    Refused for files that are damaged or hold several planes otherwise, times or images.
    """
    with open_image(file, channels, project) as picture:
        check_size(_bytes(picture.pixels), "its pixels", file.name)
        with refusing():
            return replace(picture, pixels=picture.pixels[:, :, :])


@contextmanager
def open_image(
    file: Path, channels: list[str] | None = None, project: str | None = None
) -> Iterator[Picture]:
    """One image, as :func:`read_image` gives it, but with large pixels on disk where they can be.

    These are in TIFF and OME-Zarr files, of more than WHOLE pixels a plane.
    """
    ending = file.suffix.lower()
    with ExitStack() as stack:
        with refusing():
            if ending in TIFF:
                picture = _open_tiff(file, channels, project, stack)
            elif ending == ZARR:
                picture = _open_zarr(file, channels, project)
            elif ending in READERS:
                picture = _read_microscope(file, channels, project)
            else:
                picture = _read_plain(file)
        yield picture


def _open_tiff(
    file: Path, channels: list[str] | None, project: str | None, stack: ExitStack
) -> Picture:
    tiff = stack.enter_context(open_tiff(file))
    if tiff.is_ome:
        check_partners(file, tiff.ome_metadata)
    series = only_image(tiff)
    names, pixel_size = read_metadata(tiff)
    if _is_windowed(series.shape, series.axes) and has_windows(series):
        array = stack.enter_context(tiff_array(file, series))
        pixels: Pixels = Windowed(array, *layout(series.shape, series.axes, channels))
    else:
        check_size(series.size * series.dtype.itemsize, "its pixels", file.name)
        pixels = _planes(series.asarray(), series.axes, channels, project)
    if names is None and tiff.pages[0].photometric in COLOURED:
        names = colours(pixels)
    return Picture(pixels, names, pixel_size)


# Of TIFF files; slides are often kept as luminance and two differences, which decode to colours.
COLOURED = (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR)


def _open_zarr(file: Path, channels: list[str] | None, project: str | None) -> Picture:
    array, axes, names, sizes = zarr_image(file)
    pixel_size = square(sizes.get("x"), sizes.get("y"))
    if _is_windowed(array.shape, axes):
        return Picture(Windowed(array, *layout(array.shape, axes, channels)), names, pixel_size)
    check_size(array.size * array.dtype.itemsize, "its pixels", file.name)
    return Picture(_planes(array[...], axes, channels, project), names, pixel_size)


def _read_microscope(file: Path, channels: list[str] | None, project: str | None) -> Picture:
    pixels, axes, names, sizes = READERS[file.suffix.lower()](file)
    pixels = _planes(pixels, axes, channels, project)
    named = names if names and len(names) == len(pixels) and all(names) else None
    return Picture(pixels, named or colours(pixels), square(*sizes))


def _is_windowed(shape: tuple[int, ...], axes: str) -> bool:
    """Whether a file is large, and of one depth and time, so that its windows are of a plane."""
    sides = dict(zip(axes, shape, strict=True))
    single = all(sides.get(axis, 1) == 1 for axis in "ZT")
    return single and sides.get("Y", 1) * sides.get("X", 1) > windowed.WHOLE


def _planes(
    pixels: np.ndarray, axes: str, channels: list[str] | None, project: str | None
) -> np.ndarray:
    if project is not None:
        pixels, axes = _projected(pixels, axes, channels, PROJECTIONS[project])
    return to_channels_first(pixels, axes, channels)


def _bytes(pixels: Pixels) -> int:
    return math.prod(pixels.shape) * pixels.dtype.itemsize


def to_channels_first(pixels: np.ndarray, axes: str, channels: list[str] | None) -> np.ndarray:
    """An array with TIFF axes as (c, h, w); axes of length 1 are dropped.

    Pages whose meaning the file does not state (Q, I) are channels if as many are named.
    """
    kept, order = layout(pixels.shape, axes, channels)
    pixels = pixels.reshape([pixels.shape[i] for i in kept])
    if order == "yx":
        return pixels[None]
    return pixels if order == "cyx" else np.moveaxis(pixels, 2, 0)


def layout(shape: tuple[int, ...], axes: str, channels: list[str] | None) -> tuple[list[int], str]:
    """Which axes of an array are kept, of those with more than one place, and what they are.

    That is "yx", "cyx" or "yxc". Raises Refused for stacks.
    """
    kept = [i for i, n in enumerate(shape) if n > 1 or axes[i] in "YX"]
    sides = [shape[i] for i in kept]
    axes = "".join(axes[i] for i in kept)
    told = " x ".join(map(str, sides))
    if set(axes) & set("ZTRP"):
        raise Refused("stack", f"it is a stack: its axes are {axes}, of {told}", value=axes)
    if axes == "YX":
        return kept, "yx"
    if axes in ("CYX", "SYX"):
        return kept, "cyx"
    if axes in ("YXC", "YXS"):
        return kept, "yxc"
    if len(sides) == 3 and sides[2] <= FEW and sides[0] > MOST_CHANNELS:
        return kept, "yxc"
    if len(sides) == 3 and channels is not None and len(channels) == sides[0]:
        return kept, "cyx"
    raise Refused(
        "unknown_pages", f"its axes are {axes}, of {told}, which may be a stack", value=axes
    )


def _projected(
    pixels: np.ndarray, axes: str, channels: list[str] | None, way: Callable
) -> tuple[np.ndarray, str]:
    """An array without its axis of depth, and its axes.

    Pages whose meaning the file does not state are planes, unless as many channels are named.
    """
    unstated = [axis for axis in axes if axis in "QI" and pixels.shape[axes.index(axis)] > 1]
    depth = "Z" if "Z" in axes else "".join(unstated)
    place = axes.find(depth) if len(depth) == 1 else -1
    if place < 0 or (depth != "Z" and channels and len(channels) == pixels.shape[place]):
        return pixels, axes
    return way(np.moveaxis(pixels, place, 0)), axes.replace(depth, "")


def _rounded(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return x.astype(dtype) if dtype.kind == "f" else np.rint(x).astype(dtype)


def _read_plain(file: Path) -> Picture:
    """PNG and JPEG: grey values, or red, green and blue as three channels."""
    with Pillow.open(file) as opened:
        if getattr(opened, "n_frames", 1) > 1:
            raise Refused("stack", f"it holds {opened.n_frames} frames", value=str(opened.n_frames))
        if _is_deep_colour(file):
            raise Refused("unreadable", "PNG files of colours in 16 bits cannot be read in full")
        mode = opened.mode
        if mode in ("P", "CMYK"):
            opened = opened.convert("RGB")
        pixels = np.asarray(opened)
    if mode in ("LA", "RGBA"):
        pixels = _opaque(pixels)
    pixels = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    pixels = pixels.astype(np.uint16) if mode.startswith("I") else pixels
    return Picture(pixels, colours(pixels))


def colours(pixels: Pixels) -> list[str] | None:
    """The names of the channels of a colour image (3, h, w); None for any other."""
    return list(RGB) if pixels.shape[0] == len(RGB) else None


def image_sides(file: Path) -> tuple[int, int]:
    """The height and width of an image, from what its file says before its pixels if it does."""
    if file.suffix.lower() in (*TIFF, ZARR, *READERS):
        with open_image(file) as picture:
            return picture.pixels.shape[1:]
    with refusing(), Pillow.open(file) as opened:
        return opened.height, opened.width


@contextmanager
def open_indices(file: Path) -> Iterator[Pixels]:
    """The pixels (c, h, w) of a mask: numbers of a palette are kept as they are, not as colours.

    Raises Refused as :func:`open_image` does.
    """
    if file.suffix.lower() == ".png":
        with refusing(), Pillow.open(file) as opened:
            numbers = np.asarray(opened)[None] if opened.mode == "P" else None
        if numbers is not None:
            yield numbers
            return
    with open_image(file) as picture:
        yield picture.pixels


def _opaque(pixels: np.ndarray) -> np.ndarray:
    """Pixels without their transparency, if nothing is transparent."""
    if pixels[..., -1].min() < np.iinfo(pixels.dtype).max:
        raise Refused("unreadable", "parts of it are transparent; save it without transparency")
    return pixels[..., :-1] if pixels.shape[2] > 2 else pixels[..., 0]


def _is_deep_colour(file: Path) -> bool:
    """Whether a PNG has colours of 16 bits, of which Pillow would keep 8 without a word."""
    with file.open("rb") as stream:
        header = stream.read(26)
    return header[:4] == b"\x89PNG" and header[24] == 16 and header[25] in (2, 4, 6)
