"""Images of one plane from TIFF, OME-TIFF, PNG and JPEG files, with what they say of themselves."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile
from PIL import Image as Pillow

from morphoflow.images.tiff import open_tiff
from morphoflow.reading.findings import Codes, Refused
from morphoflow.reading.guard import check_size, refusing
from morphoflow.reading.names import check_file_name

# What the readers of images refuse, with the remedy.
CODES: Codes = {
    "unreadable": ("refused", "copy the file anew, or export it without compression"),
    "partner_missing": ("refused", "put all files of the set into one folder"),
    "stack": ("refused", "project or select one plane of one time and save it by itself"),
    "unknown_pages": (
        "refused",
        "save them with the axes CYX, or, if they are channels, name them in `channels`",
    ),
    "unknown_type": ("refused", "save it as uint8, uint16 or float32, or set `range` to dataset"),
    "pixel_not_square": ("refused", "resample the image to square pixels"),
}

TIFF = (".tif", ".tiff")

ENDINGS = (*TIFF, ".png", ".jpg", ".jpeg")

# Files of microscopes that are not read, by what they are called.
MICROSCOPES = {
    ".czi": "Zeiss CZI",
    ".lif": "Leica LIF",
    ".nd2": "Nikon ND2",
    ".oib": "Olympus OIB",
    ".oif": "Olympus OIF",
    ".vsi": "Olympus VSI",
    ".dv": "DeltaVision",
    ".ims": "Imaris",
    ".svs": "Aperio SVS",
    ".ndpi": "Hamamatsu NDPI",
}

CONVERT = "convert to OME-TIFF, with Fiji's Bio-Formats exporter or with bfconvert"

MOST_CHANNELS = 16  # more along a channel axis are taken for pixels

FEW = 4  # an axis as short as this is taken for channels

MICRON = ("µm", "μm", "um", "micron", "microns", "\\u00B5m")

UM_PER_UNIT = {"m": 1e6, "cm": 1e4, "mm": 1e3, "nm": 1e-3, **dict.fromkeys(MICRON, 1.0)}


@dataclass(frozen=True)
class Picture:
    """Pixels (c, h, w) of the file's type; channel names and pixel size (um) where stated."""

    pixels: np.ndarray
    channels: list[str] | None = None
    pixel_size_um: float | None = None


def list_images(folder: Path) -> list[Path]:
    """The image files below a folder, sorted by path; hidden files are left alone.

    Raises InputError for a name that cannot be an id.
    """
    files = (file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS)
    shown = sorted(file for file in files if file.is_file() and not file.name.startswith("."))
    for file in shown:
        check_file_name(file.relative_to(folder))
    return shown


def other_files(folder: Path) -> dict[str, int]:
    """How many files of each other ending lie below a folder; hidden ones are not counted."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name[0] != ".")
    endings = [file.suffix.lower() for file in files if file.suffix.lower() not in ENDINGS]
    return {ending: endings.count(ending) for ending in sorted(set(endings))}


def nothing_to_read(folder: Path, among: str = "") -> str:
    """Why a folder has no images, with what it has instead and the way out."""
    known = [MICROSCOPES[ending] for ending in other_files(folder) if ending in MICROSCOPES]
    if known:
        return f"{folder} has {', '.join(known)} files, which are not read; {CONVERT}."
    return f"{folder} has no TIFF, PNG or JPEG files{among}; correct the path."


def stem(file: Path, folder: Path) -> str:
    """The path within the folder without the file's ending (or ``.ome.tif``)."""
    name = file.relative_to(folder).as_posix()
    name = name[: len(name) - len(file.suffix)]
    return name[:-4] if name.lower().endswith(".ome") else name


def read_image(file: Path, channels: list[str] | None = None) -> Picture:
    """Read one image; ``channels`` are names that the user gave.

    Raises Refused for files that are damaged or hold several planes, times or images.
    """
    with refusing():
        if file.suffix.lower() in TIFF:
            return _read_tiff(file, channels)
        return _read_plain(file)


def _read_tiff(file: Path, channels: list[str] | None) -> Picture:
    with open_tiff(file) as tiff:
        if tiff.is_ome:
            _check_partners(file, tiff.ome_metadata)
        if len(tiff.series) != 1:
            raise Refused(
                "stack", f"it holds {len(tiff.series)} images", value=str(len(tiff.series))
            )
        series = tiff.series[0]
        check_size(series.size * series.dtype.itemsize, "its pixels", file.name)
        pixels = to_channels_first(series.asarray(), series.axes, channels)
        names, pixel_size = read_metadata(tiff)
    return Picture(pixels, names, pixel_size)


def to_channels_first(pixels: np.ndarray, axes: str, channels: list[str] | None) -> np.ndarray:
    """An array with TIFF axes as (c, h, w); axes of length 1 are dropped.

    Pages whose meaning the file does not state (Q, I) are channels if as many are named.
    """
    kept = [i for i, n in enumerate(pixels.shape) if n > 1 or axes[i] in "YX"]
    pixels = pixels.reshape([pixels.shape[i] for i in kept])
    axes = "".join(axes[i] for i in kept)
    shape = " x ".join(map(str, pixels.shape))
    if set(axes) & set("ZTRP"):
        raise Refused("stack", f"it is a stack: its axes are {axes}, of {shape}", value=axes)
    if axes == "YX":
        return pixels[None]
    if axes in ("CYX", "SYX"):
        return pixels
    if axes in ("YXC", "YXS"):
        return np.moveaxis(pixels, 2, 0)
    if pixels.ndim == 3 and pixels.shape[2] <= FEW and pixels.shape[0] > MOST_CHANNELS:
        return np.moveaxis(pixels, 2, 0)
    if pixels.ndim == 3 and channels is not None and len(channels) == len(pixels):
        return pixels
    raise Refused(
        "unknown_pages", f"its axes are {axes}, of {shape}, which may be a stack", value=axes
    )


def partners(xml: str) -> set[str]:
    """The names of all files that hold a part of an OME-TIFF image, by its OME-XML."""
    uuids = ElementTree.fromstring(xml).iterfind(".//{*}TiffData/{*}UUID")
    return {name for uuid in uuids if (name := uuid.get("FileName"))}


def partners_of(file: Path) -> set[str]:
    """The names of all files of the set that an OME-TIFF file is of; none if it is damaged."""
    try:
        with open_tiff(file) as tiff:
            return partners(tiff.ome_metadata) if tiff.is_ome else set()
    except Exception:  # of any kind, and told of when the file is read
        return set()


def _check_partners(file: Path, xml: str) -> None:
    """Raise Refused if a file of the set is not there: its planes would be read as zeros."""
    # A set of one file may have been renamed.
    names = sorted(partners(xml))
    missing = [name for name in names if not (file.parent / name).is_file()]
    if len(names) > 1 and missing:
        raise Refused(
            "partner_missing",
            f"it is one of {len(names)} files of an image, of which '{missing[0]}' is missing",
            value=missing[0],
        )


def _read_plain(file: Path) -> Picture:
    """PNG and JPEG: grey values, or red, green and blue as three channels."""
    with Pillow.open(file) as opened:
        if getattr(opened, "n_frames", 1) > 1:
            raise Refused("stack", f"it holds {opened.n_frames} frames", value=str(opened.n_frames))
        if _is_deep_colour(file):
            raise Refused("unreadable", "PNG files of colours in 16 bits cannot be read in full")
        mode = opened.mode
        if mode == "P":
            opened = opened.convert("RGB")
        pixels = np.asarray(opened)
    if mode in ("LA", "RGBA"):
        pixels = _opaque(pixels)
    pixels = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    return Picture(pixels.astype(np.uint16) if mode.startswith("I") else pixels)


def read_indices(file: Path) -> np.ndarray:
    """The pixels of a mask: numbers of a palette are kept as they are, not as colours.

    Raises Refused as :func:`read_image` does.
    """
    if file.suffix.lower() not in TIFF:
        with refusing(), Pillow.open(file) as opened:
            if opened.mode == "P":
                return np.asarray(opened)[None]
    return read_image(file).pixels


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


# Channel names and pixel size from the metadata of OME-TIFF and of ImageJ.
#
# OME-XML: Goldberg et al., "The Open Microscopy Environment (OME) Data Model and XML file", Genome
# Biology 6:R47, 2005.


def read_metadata(tiff: tifffile.TiffFile) -> tuple[list[str] | None, float | None]:
    """The channels' names, if all have one, and the size of a pixel in um, if it is stated.

    Raises Refused for pixels that are not square.
    """
    if tiff.is_ome:
        return _read_ome(tiff.ome_metadata)
    if tiff.is_imagej:
        return None, _imagej_pixel_um(tiff)
    return None, None


def _read_ome(xml: str) -> tuple[list[str] | None, float | None]:
    pixels = ElementTree.fromstring(xml).find("{*}Image/{*}Pixels")
    if pixels is None:
        return None, None
    names = [channel.get("Name") for channel in pixels.findall("{*}Channel")]
    width, height = (_size_um(pixels, axis) for axis in "XY")
    return (names if names and all(names) else None), _square(width, height)


def _size_um(pixels: ElementTree.Element, axis: str) -> float | None:
    size = pixels.get(f"PhysicalSize{axis}")
    unit = UM_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    return float(size) * unit if size and unit else None


def _imagej_pixel_um(tiff: tifffile.TiffFile) -> float | None:
    """From pixels per unit, which ImageJ keeps in the tags of the first page."""
    unit = UM_PER_UNIT.get((tiff.imagej_metadata or {}).get("unit"))
    tags = [tiff.pages[0].tags.get(f"{axis}Resolution") for axis in "XY"]
    if unit is None or not all(tag is not None and tag.value[0] for tag in tags):
        return None
    width, height = (unit * tag.value[1] / tag.value[0] for tag in tags)
    return _square(width, height)


def _square(width: float | None, height: float | None) -> float | None:
    if width and height and abs(width - height) > 1e-3 * width:
        raise Refused(
            "pixel_not_square", f"its pixels are {width:g} x {height:g} um", value=f"{width:g}"
        )
    return width
