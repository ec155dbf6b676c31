"""TIFF files of others, whose chain of pages is followed before they are opened."""

from pathlib import Path

import tifffile

from morphoflow.errors import InputError
from morphoflow.reading.findings import Refused

# For classic TIFF and BigTIFF, by the version in the header: bytes of an offset, of the number of
# tags of a page, and of a tag; and where the offset of the first page stands.
LAYOUTS = {42: (4, 2, 12, 4), 43: (8, 8, 20, 8)}
ORDERS = {b"II": "little", b"MM": "big"}


def open_tiff(file: Path) -> tifffile.TiffFile:
    """Open a TIFF file; raises InputError for a chain of pages that never ends."""
    check_pages(file)
    return tifffile.TiffFile(file)


def only_image(tiff: tifffile.TiffFile) -> tifffile.TiffPageSeries:
    """The one image of a file beside which there are at most reductions of it and labels.

    Raises Refused where there are several.
    """
    series = tiff.series
    further = [other for other in series[1:] if not other.keyframe.is_reduced]
    slide = tiff.is_svs or tiff.is_ndpi or tiff.is_scn or tiff.is_bif or tiff.is_qpi
    if further and not slide:
        raise Refused("stack", f"it holds {len(series)} images", value=str(len(series)))
    return series[0]


def check_pages(file: Path) -> None:
    """Follow the chain of pages; raises InputError if it comes back to a page.

    A chain that ends too early is left to the reader, which says so or reads what there is.
    """
    with open(file, "rb") as stream:
        head = stream.read(4)
        order = ORDERS.get(head[:2])
        layout = LAYOUTS.get(int.from_bytes(head[2:], order)) if order else None
        if layout is None:
            return
        width, counted, tag, place = layout
        seen: set[int] = set()
        stream.seek(place)
        while offset := int.from_bytes(stream.read(width), order):
            if offset in seen:
                raise InputError(
                    f"{file} is damaged: after {len(seen)} pages its chain of pages comes back to "
                    f"one of them; copy or export it anew."
                )
            seen.add(offset)
            stream.seek(offset)
            tags = int.from_bytes(stream.read(counted), order)
            stream.seek(min(offset + counted + tags * tag, 2**62))
