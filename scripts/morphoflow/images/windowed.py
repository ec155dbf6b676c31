"""Images on disk that are read by windows: tiled TIFF files, pyramids of whole slides, OME-Zarr."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile
import zarr

from morphoflow.reading.findings import Refused

# Pixels of a plane up to which it is read as a whole.
WHOLE = 1 << 24


class Windowed:
    """Pixels (c, h, w) on disk; three slices give an array of that window, as those of an array do.

    ``array`` has the axes ``layout``, "yx", "cyx" or "yxc", at the places ``kept``; all others have
    the length 1.
    """

    def __init__(self, array: zarr.Array | np.ndarray, kept: list[int], layout: str) -> None:
        self._array, self._kept, self._layout = array, kept, layout
        sides = {axis: array.shape[place] for axis, place in zip(layout, kept, strict=True)}
        self.shape = (sides.get("c", 1), sides["y"], sides["x"])
        self.dtype = np.dtype(array.dtype)

    def __getitem__(self, key: tuple[slice, slice, slice]) -> np.ndarray:
        wanted = dict(zip("cyx", key, strict=True))
        places: list = [0] * self._array.ndim
        for axis, place in zip(self._layout, self._kept, strict=True):
            places[place] = wanted[axis]
        values = np.asarray(self._array[tuple(places)])
        if self._layout == "yx":
            return values[None][key[0]]
        return values if self._layout == "cyx" else np.moveaxis(values, 2, 0)


class _Stacked:
    """Several pixels (1, h, w) on disk, one a channel."""

    def __init__(self, channels: list[Windowed]) -> None:
        self._channels = channels
        self.shape = (len(channels), *channels[0].shape[1:])
        self.dtype = channels[0].dtype

    def __getitem__(self, key: tuple[slice, slice, slice]) -> np.ndarray:
        chosen = self._channels[key[0]]
        return np.concatenate([pixels[:, key[1], key[2]] for pixels in chosen])


Pixels = np.ndarray | Windowed | _Stacked


def stacked(channels: list[Pixels]) -> Pixels:
    """Pixels (c, h, w) of c ``channels`` (1, h, w), on disk if they are."""
    if all(isinstance(pixels, np.ndarray) for pixels in channels):
        return np.concatenate(channels)
    return _Stacked(channels)


@contextmanager
def tiff_array(file: Path, series: tifffile.TiffPageSeries) -> Iterator[zarr.Array | np.ndarray]:
    """The largest level of an image of a TIFF file, as an array that is read where it is sliced."""
    if series.dataoffset is not None:
        yield np.memmap(file, series.dtype, "r", series.dataoffset, series.shape)
        return
    store = series.aszarr(level=0)
    try:
        yield zarr.open_array(store, mode="r")
    finally:
        store.close()


def has_windows(series: tifffile.TiffPageSeries) -> bool:
    """Whether parts of a TIFF image can be read without most of it, as of one compressed strip."""
    return series.dataoffset is not None or math.prod(series.keyframe.chunks) <= WHOLE // 4


def zarr_image(folder: Path) -> tuple[zarr.Array, str, list[str] | None, dict[str, float]]:
    """The largest level of an OME-Zarr image: its array, axes, channels' names, and pixel sizes.

    Sizes are in um by axis, as far as they are stated with a unit that is known. OME-NGFF 0.4 and
    0.5 (Moore et al., Histochemistry and Cell Biology 160:223, 2023), and the first image of what
    bioformats2raw writes. Raises Refused for a folder that is none of these.
    """
    group = zarr.open_group(folder, mode="r")
    if (
        "multiscales" not in _metadata(group)
        and "0" in group
        and "bioformats2raw" in str(dict(group.attrs))
    ):
        group = group["0"]
    facts = _metadata(group)
    if "multiscales" not in facts:
        raise Refused("unreadable", "it is no OME-Zarr image: its metadata have no `multiscales`")
    image = facts["multiscales"][0]
    level = image["datasets"][0]
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image["axes"]]
    named = [channel.get("label") for channel in facts.get("omero", {}).get("channels", [])]
    scales = [
        change["scale"]
        for change in level.get("coordinateTransformations", [])
        if change.get("type") == "scale"
    ]
    sizes = {
        axis["name"]: float(size) * ZARR_UNITS[axis["unit"]]
        for axis, size in zip(axes, scales[0] if scales else [], strict=False)
        if axis.get("unit") in ZARR_UNITS
    }
    names = "".join(axis["name"] for axis in axes).upper()
    return group[level["path"]], names, named if named and all(named) else None, sizes


# In um; OME-NGFF spells units out.
ZARR_UNITS = {"nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3, "meter": 1e6}


def _metadata(group: zarr.Group) -> dict:
    return dict(group.attrs.get("ome", group.attrs))
