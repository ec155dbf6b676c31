"""Images in the files of microscopes' makers, by optional packages.

CZI by pylibCZIrw (Zeiss, LGPL), LIF by liffile (Christoph Gohlke, BSD), ND2 by nd2 (Talley Lambert,
BSD). A reader gives the pixels, their axes, the channels' names or None, and the width and height
of a pixel in um where they are stated.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from morphoflow.reading.findings import Refused
from morphoflow.reading.guard import check_size

CONVERT = "convert to OME-TIFF, with Fiji's Bio-Formats exporter or with bfconvert"

# Files of microscopes that are not read, by what they are called.
MICROSCOPES = {
    ".oib": "Olympus OIB",
    ".oif": "Olympus OIF",
    ".vsi": "Olympus VSI",
    ".dv": "DeltaVision",
    ".ims": "Imaris",
    ".mrxs": "Mirax",
}

Read = tuple[np.ndarray, str, list[str] | None, tuple[float | None, float | None]]


def read_czi(file: Path) -> Read:
    """A Zeiss CZI file of one scene; mosaics are put together."""
    with _reader(file, "pylibCZIrw", "Zeiss CZI"):
        from pylibCZIrw import czi
    with czi.open_czi(str(file)) as opened:
        scenes = opened.scenes_bounding_rectangle
        _check_one(len(scenes) or 1)
        sides = {axis: high - low for axis, (low, high) in opened.total_bounding_box.items()}
        depth, times, n = (sides.get(axis, 1) for axis in "ZTC")
        if times > 1:
            raise Refused("stack", f"it holds {times} times", value="T")
        # Eight bytes a pixel are more than any of its types has.
        check_size(8 * depth * n * sides["Y"] * sides["X"], "its pixels", file.name)
        roi = next(iter(scenes.values()), None)
        planes = [
            [opened.read(roi=roi, plane={"T": 0, "Z": z, "C": c}) for c in range(n)]
            for z in range(depth)
        ]
        names, sizes = _czi_facts(opened.raw_metadata)
    pixels = np.array(planes)  # (z, c, y, x, s)
    if pixels.shape[-1] == 3:  # blue, green, red
        pixels = pixels[..., ::-1]
    return pixels, "ZCYXS", names, sizes


def _czi_facts(xml: str) -> tuple[list[str] | None, tuple[float | None, float | None]]:
    root = ElementTree.fromstring(xml)
    channels = root.findall(".//Information/Image/Dimensions/Channels/Channel")
    metres = (root.findtext(f".//Scaling/Items/Distance[@Id='{axis}']/Value") for axis in "XY")
    width, height = (1e6 * float(value) if value else None for value in metres)
    return [channel.get("Name", "") for channel in channels], (width, height)


def read_lif(file: Path) -> Read:
    """A Leica LIF file of one image."""
    with _reader(file, "liffile", "Leica LIF"):
        import liffile
    with liffile.LifFile(file) as opened:
        _check_one(len(opened.images))
        image = opened.images[0]
        check_size(image.nbytes, "its pixels", file.name)
        # In metres; other axes may have names.
        x, y = (image.coords.get(axis, ()) for axis in "XY")
        sizes = tuple(1e6 * abs(float(c[1] - c[0])) if len(c) > 1 else None for c in (x, y))
        return image.asarray(), "".join(image.dims), None, sizes


def read_nd2(file: Path) -> Read:
    """A Nikon ND2 file of one position."""
    with _reader(file, "nd2", "Nikon ND2"):
        import nd2
    with nd2.ND2File(file) as opened:
        check_size(opened.nbytes, "its pixels", file.name)
        size = opened.voxel_size()
        names = [channel.channel.name for channel in opened.metadata.channels or []]
        return opened.asarray(), "".join(opened.sizes), names or None, (size.x, size.y)


READERS: dict[str, Callable[[Path], Read]] = {
    ".czi": read_czi,
    ".lif": read_lif,
    ".nd2": read_nd2,
}


@contextmanager
def _reader(file: Path, package: str, kind: str) -> Iterator[None]:
    """Raise Refused if the block, which imports a ``package``, does not find it."""
    try:
        yield
    except ImportError:
        raise Refused(
            "no_reader",
            f"reading {file.name}, a {kind} file, takes the package {package}, which is not here",
            value=package,
        ) from None


def _check_one(images: int) -> None:
    if images != 1:
        raise Refused("stack", f"it holds {images} images", value=str(images))
