"""Channel names and pixel size from the metadata of OME-TIFF, of ImageJ, and of Aperio's slides.

OME-XML: Goldberg et al., "The Open Microscopy Environment (OME) Data Model and XML file", Genome
Biology 6:R47, 2005.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

import tifffile

from morphoflow.images.tiff import open_tiff
from morphoflow.reading.findings import Refused

MICRON = ("µm", "μm", "um", "micron", "microns", "\\u00B5m")

UM_PER_UNIT = {"m": 1e6, "cm": 1e4, "mm": 1e3, "nm": 1e-3, **dict.fromkeys(MICRON, 1.0)}


def read_metadata(tiff: tifffile.TiffFile) -> tuple[list[str] | None, float | None]:
    """The channels' names, if all have one, and the size of a pixel in um, if it is stated.

    Raises Refused for pixels that are not square.
    """
    if tiff.is_ome:
        return _read_ome(tiff.ome_metadata)
    if tiff.is_imagej:
        return None, _imagej_pixel_um(tiff)
    if tiff.is_svs:
        stated = re.search(r"\|\s*MPP\s*=\s*([\d.]+)", tiff.pages[0].description)
        return None, float(stated[1]) if stated else None
    return None, None


def _read_ome(xml: str) -> tuple[list[str] | None, float | None]:
    pixels = ElementTree.fromstring(xml).find("{*}Image/{*}Pixels")
    if pixels is None:
        return None, None
    names = [channel.get("Name") for channel in pixels.findall("{*}Channel")]
    width, height = (_size_um(pixels, axis) for axis in "XY")
    return (names if names and all(names) else None), square(width, height)


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
    return square(width, height)


def square(width: float | None, height: float | None) -> float | None:
    """The side of a pixel in um, None where it is not stated; raises Refused if it is no square."""
    if width and height and abs(width - height) > 1e-3 * width:
        raise Refused(
            "pixel_not_square", f"its pixels are {width:g} x {height:g} um", value=f"{width:g}"
        )
    return width


# Which files an image is spread over.


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


def check_partners(file: Path, xml: str) -> None:
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
